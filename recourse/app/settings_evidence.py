"""Settings of the evidence ledger: who signs it, and where its checkpoints are left outside."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from recourse.domain.evidence.note import NoteError, VerifierKey


class EvidenceSettings(BaseSettings):
    """Fields that others are checked against stand before them."""

    evidence_key_file: str = ""
    evidence_origin: str = ""
    evidence_folder: str = ""
    evidence_witness_key: str = ""
    evidence_witness_url: str = ""
    evidence_every_seconds: float = 5.0

    @field_validator("evidence_key_file")
    @classmethod
    def _is_a_file(cls, path: str) -> str:
        if path and not Path(path).is_file():
            raise ValueError(f"{path} is not there; make it with `recourse evidence keygen {path}`")
        return path

    @field_validator("evidence_folder")
    @classmethod
    def _is_a_folder(cls, path: str) -> str:
        if path and not Path(path).is_dir():
            raise ValueError(f"{path} is no folder; make it, best on a machine that others administer")
        return path

    @field_validator("evidence_witness_key")
    @classmethod
    def _is_a_key(cls, key: str) -> str:
        try:
            return key and str(VerifierKey.parse(key))
        except NoteError as error:
            raise ValueError(f"{error}; the witness publishes it as name+id+base64") from None

    @field_validator("evidence_witness_url")
    @classmethod
    def _has_a_key(cls, url: str, info: ValidationInfo) -> str:
        if url and info.data.get("evidence_witness_key") == "":
            raise ValueError("its answers could not be checked; set RECOURSE_EVIDENCE_WITNESS_KEY too")
        return url
