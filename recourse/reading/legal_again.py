"""The moves of a legal action made again, by the procedure kept with each, from what was known then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from pydantic import TypeAdapter
from sqlalchemy import select

from recourse.domain.ids import CaseId
from recourse.domain.legal.action import Asked, LegalAction, NotMade, after, may
from recourse.domain.legal.procedure import Procedure
from recourse.packs.record import digest_of
from recourse.storage import legal_actions
from recourse.storage.database import ReadTx
from recourse.storage.legal_actions import MoveRow
from recourse.storage.sql import among
from recourse.storage.tables import rule_set

_PROCEDURE: TypeAdapter[Procedure] = TypeAdapter(Procedure)


@dataclass(frozen=True, slots=True)
class Again:
    """differs: how the answer made again differs from what was recorded; empty where it is the same."""

    row: MoveRow
    differs: tuple[str, ...]


async def made_again(tx: ReadTx, case_id: CaseId, until: datetime | None = None) -> list[Again]:
    """Those recorded until then, in order; what the gate was asked stands in the diary with its inputs."""
    moves = await legal_actions.moves_of(tx, case_id)
    rows = [row for row in moves if until is None or row.at <= until]
    c = rule_set.c
    kept = await tx.execute(
        select(c.digest, c.rules).where(among(c.digest, {row.rules_digest for row in rows}))
    )
    rules = {row.digest: row.rules for row in kept}
    action, found = LegalAction(), list[Again]()
    for row in rows:
        value = rules.get(row.rules_digest)
        if value is None or digest_of(value) != row.rules_digest:
            found.append(Again(row, ("rules: they are not those of the recorded digest",)))
            continue
        procedure = _PROCEDURE.validate_python(value)
        move = procedure.move(row.code, row.on)
        found.append(Again(row, tuple(_differences(procedure, action, row))))
        if move is not None:
            action = after(procedure, action, move, row.on, row.sale)
    return found


def _differences(procedure: Procedure, action: LegalAction, row: MoveRow) -> list[str]:
    paid = row.known.get("paid")
    today = date.fromisoformat(row.known["today"])
    documents = frozenset(row.documents)
    part = Fraction(paid) if paid else None
    made = may(procedure, action, Asked(row.code, row.on, today, documents, part, row.sale))
    if isinstance(made, NotMade):
        return [f"{row.code}: recorded as made, made again {made.code}"]
    then, now = (row.track, row.state, row.source), (made.track, made.to, made.source.title)
    return [] if then == now else [f"{row.code}: recorded {then}, made again {now}"]
