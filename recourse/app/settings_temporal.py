"""Settings of what Temporal keeps: the keys of its payloads, and the server that opens them for its UI.

Address, TLS and API key of Temporal are the SDK's own (`TEMPORAL_*`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from recourse.app.addresses import http_address
from recourse.temporal.codec import KeyRing


class TemporalSettings(BaseSettings):
    """Without keys no process speaks to Temporal: to encrypt nothing must be said, by `plain`."""

    temporal_keys: SecretStr = SecretStr("")
    temporal_keys_file: str = ""
    temporal_ui_url: str = ""
    codec_host: str = "127.0.0.1"
    codec_port: int = Field(default=8081, ge=0, le=65535)

    @field_validator("temporal_keys")
    @classmethod
    def _is_a_ring(cls, written: SecretStr) -> SecretStr:
        if written.get_secret_value():
            KeyRing.parse(written.get_secret_value())
        return written

    @field_validator("temporal_keys_file")
    @classmethod
    def _is_there(cls, path: str, info: ValidationInfo) -> str:
        """Read when it is needed: it may be on the machines of the workers alone."""
        if path and info.data.get("temporal_keys", SecretStr("")).get_secret_value():
            raise ValueError("RECOURSE_TEMPORAL_KEYS is set too; keep one of the two")
        return path

    @field_validator("temporal_ui_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return http_address(url)

    def key_ring(self) -> KeyRing:
        """Raises ValueError that names the setting and the remedy."""
        if written := self.temporal_keys.get_secret_value():
            return KeyRing.parse(written)
        path = self.temporal_keys_file
        if not path:
            raise ValueError(
                "RECOURSE_TEMPORAL_KEYS_FILE: missing; make it with `recourse temporal keygen FILE`, "
                "see docs/access.md for a deployment that has cases already"
            )
        try:
            return KeyRing.parse(Path(path).read_text(encoding="ascii"))
        except OSError as error:
            raise ValueError(f"RECOURSE_TEMPORAL_KEYS_FILE: {path}: {error.strerror}") from None
        except ValueError as error:
            what = "not plain text" if isinstance(error, UnicodeDecodeError) else str(error)
            raise ValueError(f"RECOURSE_TEMPORAL_KEYS_FILE: {path}: {what}") from None
