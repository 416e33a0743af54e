"""Settings of the keys that personal data is sealed with."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class PrivacySettings(BaseSettings):
    """keys_file or keys: the key ring. erased_file: the list of destroyed keys, outside the database.

    Files are looked for by whoever uses them: a command that asks for no person must start without.
    """

    privacy_keys_file: str = ""
    privacy_keys: SecretStr = SecretStr("")
    privacy_key_cache_seconds: float = Field(default=60.0, ge=0, le=3600)
    privacy_erased_file: str = ""
