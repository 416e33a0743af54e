"""Settings of the keys that personal data is sealed with."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from recourse.domain.disclosure import ExportApproval


class PrivacySettings(BaseSettings):
    """keys_file or keys: the key ring. erased_file: the list of destroyed keys, outside the database.
    break_glass_across_lenders: whether who works for one lender may, for a reason, read another's dossier.
    export_approval: whether personal data leaves by two persons, or by one where there is only one.

    Files are looked for by whoever uses them: a command that asks for no person must start without.
    """

    privacy_keys_file: str = ""
    privacy_keys: SecretStr = SecretStr("")
    privacy_key_cache_seconds: float = Field(default=60.0, ge=0, le=3600)
    privacy_erased_file: str = ""
    break_glass_across_lenders: bool = False
    export_approval: ExportApproval = ExportApproval.TWO_PERSONS
