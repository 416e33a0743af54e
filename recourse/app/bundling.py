"""The court bundle of a loan, made for one recipient: gathered, redacted, pressed, signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import rfc8785

from recourse.domain.ids import LoanId
from recourse.domain.law.hours import local_date
from recourse.domain.redaction import Recipient, Redacted, redact
from recourse.gateways.bundle_press import press_bundle
from recourse.gateways.pades import Seal, signed
from recourse.reading import evidence_proof, verify_evidence
from recourse.reading.bundle import Attached, laid_out
from recourse.service.context import Services
from recourse.service.exporting import give
from recourse.service.limiting import Limits
from recourse.storage import documents
from recourse.storage.database import ReadTx
from recourse.storage.dossier import dossier_document
from recourse.storage.exports import ExportRow

_PDF: Final = "application/pdf"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Bundle:
    pdf: bytes
    files: tuple[Attached, ...]


@dataclass(frozen=True, slots=True)
class Bundler:
    """language: zh or en. seal: who signs, None where nobody does. actor, purpose: who reads, and what for.
    export: what two persons agreed on. That it is given out is committed before it is."""

    running: Services
    recipient: Recipient
    language: str
    seal: Seal | None
    actor: str
    purpose: str | None
    export: ExportRow

    async def of(self, loan: LoanId) -> Bundle:
        """Raises LookupError for a loan nobody has heard of, NotHandedOver where nothing presses or signs,
        NotApproved where the export was used or has lapsed meanwhile."""
        made = await self._made(loan)
        for_whom = self.purpose or f"for-{self.recipient.id}"
        await self.running.run(lambda unit: give(unit, self.export, [loan], self.actor, for_whom))
        return made

    async def _made(self, loan: LoanId) -> Bundle:
        async with self.running.database.reading() as tx:
            now = await self.running.database.now(tx)
            redacted, files, checkpoint = await self._gathered(tx, loan, now)
        document = redacted.document
        layout = laid_out(
            document,
            files,
            language=self.language,
            on=local_date(now, document["loan"]["zone"]),
            checkpoint=checkpoint,
            recipient=self.recipient,
            withheld=redacted.places,
        )
        pdf = await press_bundle(layout, files)
        return Bundle(pdf if self.seal is None else await signed(pdf, self.seal), tuple(files))

    async def _gathered(
        self, tx: ReadTx, loan: LoanId, now: datetime
    ) -> tuple[Redacted, list[Attached], str | None]:
        """One snapshot: the dossier as the recipient sees it, what is attached, and the checkpoint if there
        is one."""
        limits = await Limits(self.running.book, self.running.lenders).of_loan(tx, loan, now)
        document = await dossier_document(tx, loan, [asdict(line) for line in limits])
        redacted = redact(document, self.recipient)
        record = redacted.document | {
            "recipient": self.recipient.id,
            "withheld": [{"path": path, "why": why} for path, why in redacted.places],
        }
        about = "the record as canonical JSON (RFC 8785)"
        files = [Attached("dossier.json", _JSON, about, rfc8785.dumps(record))]
        if self.recipient.letters:
            for one in document["contacts"]["letters"]:
                row = await documents.get(tx, one["id"])
                if row is not None:
                    files.append(
                        Attached(f"{row.id}.pdf", _PDF, f"letter as it left: {row.kind}", row.content)
                    )
        try:
            chains = await evidence_proof.chains_of(tx, loan)
            proof = await evidence_proof.prove(tx, chains, shown_to(self.recipient, redacted))
        except evidence_proof.NothingSealed:
            return redacted, files, None
        program = Path(verify_evidence.__file__).read_bytes()
        files += [
            Attached(
                "evidence.json", _JSON, "checkpoint and proofs of inclusion", json.dumps(proof).encode()
            ),
            Attached("verify_evidence.py", "text/x-python", "the program that checks evidence.json", program),
        ]
        return redacted, files, proof["checkpoint"]


def shown_to(recipient: Recipient, redacted: Redacted) -> Callable[[str, str, Any], bool]:
    """A sealed field is shown whole or not at all, so one that says anything withheld is not."""
    hidden = frozenset(recipient.columns)

    def shows(kind: str, name: str, value: Any) -> bool:
        return f"{kind}.{name}" not in hidden and redacted.cover.over(value) == value

    return shows
