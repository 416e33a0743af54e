"""Settings of the evidence ledger: who signs it, and where its checkpoints are left and stamped outside."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from recourse.app.addresses import database_address, http_address
from recourse.domain.evidence.note import NoteError, VerifierKey


class EvidenceSettings(BaseSettings):
    """Fields that others are checked against stand before them.

    Files and folders are looked for by whoever uses them: they may be on the sealer's machine alone, and a
    folder that is away for an hour must not keep any process from starting.
    """

    evidence_database_url: str = ""
    evidence_key_file: str = ""
    evidence_origin: str = ""
    evidence_folder: str = ""
    evidence_witness_key: str = ""
    evidence_witness_url: str = ""
    evidence_timestamp_roots: str = ""
    evidence_timestamp_url: str = ""
    evidence_timestamp_every_seconds: float = Field(default=3600.0, ge=0)
    evidence_every_seconds: float = Field(default=5.0, gt=0)

    @field_validator("evidence_database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        return url and database_address(url)

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
        return http_address(url)

    @field_validator("evidence_timestamp_url")
    @classmethod
    def _has_roots(cls, url: str, info: ValidationInfo) -> str:
        if url and info.data.get("evidence_timestamp_roots") == "":
            raise ValueError("its stamps could not be checked; set RECOURSE_EVIDENCE_TIMESTAMP_ROOTS too")
        return http_address(url)
