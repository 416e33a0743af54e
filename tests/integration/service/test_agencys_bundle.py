"""Who takes back a vehicle sees whom and what he looks for, and nothing of what goes on before a court."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

from recourse.domain.ids import LoanId
from recourse.domain.legal.amounts import EntryKind
from recourse.domain.redaction import redact
from recourse.packs.recipients import recipients
from recourse.reading.bundle import laid_out
from recourse.service import legal_amounts
from recourse.service.legal_amounts import NewEntry
from recourse.storage.dossier import dossier_document
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase
from tests.integration.service.pursued import made, today

COST = 123_457
"""An amount that stands nowhere else."""


async def _document(world: World, case: OpenCase) -> dict[str, Any]:
    on = await today(world)
    await made(world, case, "presuit_preservation_ordered", on)
    await made(world, case, "suit_filed", on)
    entry = NewEntry(case.id, EntryKind.COURT_FEE, COST, on, "invoice-9", "legal-1", "e-1")
    await world.services.run(partial(legal_amounts.note_amount, new=entry))
    loan = LoanId(case.id.removeprefix("case-").removesuffix("-1"))
    limits = [{"rule": "cn_limitation", "ends_on": f"{on + timedelta(days=900)}"}]
    async with world.services.database.reading() as tx:
        return await dossier_document(tx, loan, limits)


async def test_it_tells_no_move_no_amount_and_no_deadline_of_the_legal_action(
    world: World, handed: OpenCase
) -> None:
    document = await _document(world, handed)
    whole = json.dumps(document, ensure_ascii=False)
    words = (
        "suit_filed",
        "presuit_preservation_ordered",
        "invoice-9",
        f"{COST}",
        "cn_sue_after_preservation",
    )
    assert [word for word in words if word not in whole] == []
    agency = recipients()["recovery-agency"]
    redacted = redact(document, agency)
    sheets = laid_out(
        redacted.document,
        (),
        language="en",
        on=NOON.date(),
        checkpoint=None,
        recipient=agency,
        withheld=redacted.places,
    )
    for shown in (redacted.document, sheets):
        text = json.dumps(shown, ensure_ascii=False)
        assert [word for word in (*words, "cn_limitation") if word in text] == []
    person = document["borrower"]["people"][0]
    kept = json.dumps(sheets, ensure_ascii=False)
    assert person["name"] in kept
    assert document["vehicle"]["details"]["plate"] in kept
    assert f"{document['repayment']['unpaid_minor']}" in kept
    assert {"legal.moves.0", "legal.amounts", "contacts.steps"} <= {place for place, _ in redacted.places}


async def test_of_a_legal_action_the_proof_shows_it_ids_and_days_alone() -> None:
    hidden = set(recipients()["recovery-agency"].columns)
    assert {"legal_move.code", "legal_entry.amount_minor", "step.reason", "legal_status.status"} <= hidden


async def test_rows_of_which_some_are_withheld_are_laid_out_one_by_one(
    world: World, handed: OpenCase
) -> None:
    document = await _document(world, handed)
    agency = recipients()["recovery-agency"]
    other = document["borrower"]["people"][0] | {"id": "P-other", "role": "guarantor", "name": "担保人甲"}
    document["borrower"]["people"].append(other)
    redacted = redact(document, agency)
    sheets = laid_out(
        redacted.document, (), language="en", on=NOON.date(), checkpoint=None, recipient=agency, withheld=()
    )
    titles = [entry["title"] for entry in sheets["parts"][0]["entries"]]
    assert "people 1" in titles
    assert "people 2" not in titles
