"""`recourse dossier LOAN --bundle FILE`: the dossier, its letters and its proofs as one PDF for a court."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recourse.cli.common import DOWN, USAGE, fail, one_of, run, say

if TYPE_CHECKING:
    from recourse.domain.ids import LoanId
    from recourse.reading.bundle import Attached
    from recourse.service.context import Services
    from recourse.storage.database import ReadTx

_PDF, _JSON = "application/pdf", "application/json"


def bundle(loan: LoanId, target: Path, language: str, reading: Any, as_json: bool) -> None:
    """reading: the use case that keeps who read. Exit 3 where the compiler of the pages is not installed."""
    from recourse.ports import NotHandedOver

    one_of("--lang", language, ("zh", "en"))
    try:
        pdf, files = run(_pressed(loan, language, reading))
    except NotHandedOver as error:
        fail(str(error), DOWN)
    try:
        target.write_bytes(pdf)
    except OSError as error:
        fail(f"--bundle: {target}: {error.strerror}; give a path that can be written", USAGE)
    told = {"file": str(target), "bytes": len(pdf), "attached": {one.name: one.sha256 for one in files}}
    say(told, f"{target}: {len(files)} files are attached; it holds personal data", as_json)


async def _pressed(loan: LoanId, language: str, reading: Any) -> tuple[bytes, list[Attached]]:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.domain.law.hours import local_date
    from recourse.gateways.bundle_press import press_bundle
    from recourse.reading.bundle import laid_out

    async with services(load_settings()) as running:
        await running.run(reading)
        async with running.database.reading() as tx:
            now = await running.database.now(tx)
            document, files, checkpoint = await _gathered(running, tx, loan, now)
    on = local_date(now, document["loan"]["zone"])
    layout = laid_out(document, files, language=language, on=on, checkpoint=checkpoint)
    return await press_bundle(layout, files), files


async def _gathered(
    running: Services, tx: ReadTx, loan: LoanId, now: Any
) -> tuple[dict[str, Any], list[Attached], str | None]:
    """One snapshot: the dossier, what is attached, and the checkpoint where there is one."""
    import rfc8785

    from recourse.reading import evidence_proof, verify_evidence
    from recourse.reading.bundle import Attached
    from recourse.service.limiting import Limits
    from recourse.storage import documents
    from recourse.storage.dossier import dossier_document

    limits = await Limits(running.book, running.lenders).of_loan(tx, loan, now)
    document = await dossier_document(tx, loan, [asdict(line) for line in limits])
    files = [
        Attached("dossier.json", _JSON, "the record as canonical JSON (RFC 8785)", rfc8785.dumps(document))
    ]
    for one in document["contacts"]["letters"]:
        row = await documents.get(tx, one["id"])
        if row is not None:
            files.append(Attached(f"{row.id}.pdf", _PDF, f"letter as it left: {row.kind}", row.content))
    try:
        proof = await evidence_proof.prove(tx, await evidence_proof.chains_of(tx, loan))
    except evidence_proof.NothingSealed:
        return document, files, None
    program = Path(verify_evidence.__file__).read_bytes()
    files += [
        Attached("evidence.json", _JSON, "checkpoint and proofs of inclusion", json.dumps(proof).encode()),
        Attached("verify_evidence.py", "text/x-python", "the program that checks evidence.json", program),
    ]
    return document, files, proof["checkpoint"]
