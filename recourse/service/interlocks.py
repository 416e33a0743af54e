"""What must allow a legal move at the moment it is made: the gate, or a permit that is in force and was used.

A permit in force is the gate's answer of now, because whatever fact makes it say no recalls the permit in its
own transaction; so it is not asked twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.hours import local_date
from recourse.domain.law.rules import Move
from recourse.domain.law.verdict import AccelerationEffect, Refused, SaleEffect
from recourse.domain.legal.action import MoveRefusal, NotMade
from recourse.domain.legal.procedure import LegalMove
from recourse.domain.permits import PermitKind, PermitState
from recourse.domain.situation import Notice
from recourse.domain.strategy.address import notices_given
from recourse.domain.strategy.progress import progress
from recourse.packs.record import effect_to_json
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate
from recourse.storage import permits
from recourse.storage.legal_actions import MoveRow
from recourse.storage.permits import PermitRow
from recourse.storage.situation import Gathered
from recourse.storage.steps import Inputs

_BY_PERMIT = {Move.LEGAL: PermitKind.LEGAL, Move.RECOVERY: PermitKind.RECOVERY}


@dataclass(frozen=True, slots=True)
class Interlock:
    """refusal: None where nothing is against it. permit: that it rests on. inputs, asked, opens_at: of the
    gate's answer, so that it can be made again; None where it was not asked."""

    refusal: NotMade | None = None
    permit: PermitRow | None = None
    inputs: Inputs | None = None
    asked: dict[str, Any] | None = None
    opens_at: datetime | None = None


async def ask(unit: Unit, gathered: Gathered, move: LegalMove, made: Iterable[MoveRow]) -> Interlock:
    if move.begins is None:
        return Interlock()
    if move.begins in _BY_PERMIT:
        return await _permit(unit, gathered, move, _BY_PERMIT[move.begins])
    d = deliberate(unit, gathered)
    given = (*_ladders(d), *_given(d, made))
    effect = AccelerationEffect((), given) if move.begins is Move.ACCELERATION else SaleEffect(given)
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    refusal, opens_at = None, None
    if isinstance(verdict, Refused):
        opens_at = verdict.opens_at
        opens_on = local_date(opens_at, gathered.loan.zone) if opens_at is not None else None
        detail = (verdict.detail,) if verdict.detail else ()
        refusal = NotMade(verdict.code.value, move.code, verdict.source, detail, opens_on)
    return Interlock(refusal, None, d.inputs, effect_to_json(effect), opens_at)


async def _permit(unit: Unit, gathered: Gathered, move: LegalMove, kind: PermitKind) -> Interlock:
    case = gathered.case
    for row in (await permits.in_force(unit.tx, [case.id])).get(case.id, ()):
        in_time = kind is PermitKind.LEGAL or unit.now < row.expires_at
        if row.kind is kind and row.state is PermitState.USED and in_time:
            return Interlock(permit=row)
    return Interlock(NotMade(MoveRefusal.PERMIT_MISSING, move.code, HOUSE, (kind.value,)))


def _ladders(d: Deliberation) -> tuple[Notice, ...]:
    return notices_given(d.gathered.situation, progress(d.gathered.situation, d.rules.strategy))


def _given(d: Deliberation, made: Iterable[MoveRow]) -> Iterable[Notice]:
    """Notices that were moves of the legal action, given on the day that the move names."""
    arrears = d.gathered.situation.account.arrears
    for row in made:
        if row.gives is not None:
            yield Notice(row.gives, row.occurred_at, max(arrears.dpd(row.on), 0))
