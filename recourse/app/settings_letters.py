"""Settings of letters: who signs them, and where those lie that are to be printed and posted."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from recourse.app.addresses import http_address


class LettersSettings(BaseSettings):
    """Fields that others are checked against stand before them. Validators have names of their own: of two
    settings with one name, pydantic would ask only one."""

    letters_folder: str = ""
    letters_certificate_file: str = ""
    letters_key_file: str = Field(default="", validate_default=True)
    letters_key_passphrase: SecretStr = SecretStr("")
    letters_timestamp_url: str = ""

    @field_validator("letters_folder")
    @classmethod
    def _is_a_tray(cls, path: str) -> str:
        if path and not Path(path).is_dir():
            raise ValueError(f"{path} is no folder; make it where whoever prints and posts can fetch from")
        return path

    @field_validator("letters_certificate_file", "letters_key_file")
    @classmethod
    def _is_in_place(cls, path: str) -> str:
        if path and not Path(path).is_file():
            raise ValueError(f"{path} is not there; mend the path or unset it")
        return path

    @field_validator("letters_key_file")
    @classmethod
    def _goes_with_its_certificate(cls, path: str, info: ValidationInfo) -> str:
        """Else letters would go out unsigned, and nobody would notice."""
        certificate = info.data.get("letters_certificate_file")
        if certificate is not None and bool(path) != bool(certificate):
            raise ValueError("a key and its certificate; set RECOURSE_LETTERS_CERTIFICATE_FILE with it")
        return path

    @field_validator("letters_timestamp_url")
    @classmethod
    def _stamps_a_signature(cls, url: str, info: ValidationInfo) -> str:
        if url and info.data.get("letters_certificate_file") == "":
            raise ValueError("stamps signatures, and there is none; set RECOURSE_LETTERS_CERTIFICATE_FILE")
        return http_address(url)
