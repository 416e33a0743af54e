"""The borrower's copy of a loan's record: gathered, redacted for him, in plain words, as one PDF."""

from __future__ import annotations

from functools import partial
from typing import Any

from recourse.domain.ids import LoanId
from recourse.domain.law.hours import local_date
from recourse.domain.redaction import redact
from recourse.packs.plain import plain
from recourse.packs.recipients import recipients
from recourse.reading.borrowers_copy import laid_out_copy
from recourse.reading.dossier_reads import readers
from recourse.service.context import Services, lender_named
from recourse.service.disputing import answer_days
from recourse.service.dossier_reading import note_reading
from recourse.storage.dossier import dossier_document

PURPOSE = "borrowers-copy"


async def borrowers_copy(running: Services, loan: LoanId, *, language: str, actor: str) -> dict[str, Any]:
    """As `press_bundle` takes it. That it was made is among the readings, and stands in it.

    Raises LookupError for a loan nobody has heard of."""
    await running.run(lambda unit: note_reading(unit, loan, actor, via="cli", purpose=PURPOSE))
    days = await running.run(partial(answer_days, loan=loan))
    async with running.database.reading() as tx:
        now = await running.database.now(tx)
        document = redact(await dossier_document(tx, loan), recipients()["borrower"]).document
        readings = await readers(tx, loan)
    lender = lender_named(running.lenders, document["loan"]["lender"])
    asked = [] if lender is None else [lender.name, lender.address, lender.phone]
    return laid_out_copy(
        document,
        readings,
        plain(),
        language=language,
        on=local_date(now, document["loan"]["zone"]),
        contact=", ".join(filter(None, asked)),
        answers=days,
    )
