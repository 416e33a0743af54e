"""What must allow a legal move at the moment it is made: the gate, or a permit that is in force and was used.

A permit in force is the gate's answer of now, because whatever fact makes it say no recalls the permit in its
own transaction; so it is not asked twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recourse.domain.law.gate import gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.hours import local_date
from recourse.domain.law.notices import first_day
from recourse.domain.law.rules import Move
from recourse.domain.law.verdict import AccelerationEffect, Refused, SaleEffect
from recourse.domain.legal.action import MoveRefusal, NotMade
from recourse.domain.legal.procedure import LegalMove
from recourse.domain.legal.terms import SaleTerms, Terms
from recourse.domain.permits import PermitKind, PermitState
from recourse.domain.situation import Notice
from recourse.domain.strategy.address import notices_given
from recourse.domain.strategy.progress import progress
from recourse.packs.record import effect_to_json
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation, deliberate
from recourse.service.legal_moves import BY_POST, WANTS_NOTICE, Interlock, Standing
from recourse.storage import permits
from recourse.storage.legal_actions import MoveRow
from recourse.storage.situation import Gathered

_BY_PERMIT = {Move.LEGAL: PermitKind.LEGAL, Move.RECOVERY: PermitKind.RECOVERY}


async def ask(unit: Unit, s: Standing, move: LegalMove, terms: SaleTerms | None) -> Interlock:
    if move.terms is Terms.SALE and terms is not None:
        return _plan(unit, s, move, terms)
    if move.begins is None:
        return Interlock()
    if move.begins in _BY_PERMIT:
        return await _permit(unit, s.gathered, move, _BY_PERMIT[move.begins])
    d = deliberate(unit, s.gathered)
    if move.begins is Move.ACCELERATION:
        return _gated(unit, d, move, AccelerationEffect((), (*_ladders(d), *_given(d, s.moves))))
    return _gated(unit, d, move, SaleEffect(tuple(_given(d, _since_the_plan(move, s.moves)))))


def _gated(
    unit: Unit, d: Deliberation, move: LegalMove, effect: AccelerationEffect | SaleEffect
) -> Interlock:
    verdict = gate(effect, d.gathered.situation, d.rules.packs, unit.now)
    refusal, opens_at = None, None
    if isinstance(verdict, Refused):
        opens_at = verdict.opens_at
        opens_on = local_date(opens_at, d.gathered.loan.zone) if opens_at is not None else None
        detail = (verdict.detail,) if verdict.detail else ()
        refusal = NotMade(verdict.code.value, move.code, verdict.source, detail, opens_on)
    return Interlock(refusal, None, d.inputs, effect_to_json(effect), opens_at)


def _plan(unit: Unit, s: Standing, move: LegalMove, terms: SaleTerms) -> Interlock:
    """What stops a sale stops the plan of one; and the days of its notice, were it posted at once, must be
    over before the day that it announces."""
    d = deliberate(unit, s.gathered)
    asked = _gated(unit, d, move, SaleEffect())
    if asked.refusal is not None and asked.refusal.code not in WANTS_NOTICE:
        return asked
    first = first_day(Move.SALE, d.rules.packs, s.gathered.loan.zone, unit.now, by_post=True)
    if first is None or first.day <= terms.day:
        return Interlock()
    rule = first.rule
    return Interlock(NotMade(MoveRefusal.TOO_SOON, rule.code, rule.source.title, opens_on=first.day))


async def _permit(unit: Unit, gathered: Gathered, move: LegalMove, kind: PermitKind) -> Interlock:
    case = gathered.case
    for row in (await permits.in_force(unit.tx, [case.id])).get(case.id, ()):
        in_time = kind is PermitKind.LEGAL or unit.now < row.expires_at
        if row.kind is kind and row.state is PermitState.USED and in_time:
            return Interlock(permit=row)
    return Interlock(NotMade(MoveRefusal.PERMIT_MISSING, move.code, HOUSE, (kind.value,)))


def _ladders(d: Deliberation) -> tuple[Notice, ...]:
    return notices_given(d.gathered.situation, progress(d.gathered.situation, d.rules.strategy))


def _since_the_plan(move: LegalMove, made: Sequence[MoveRow]) -> Sequence[MoveRow]:
    """A notice of what was planned before tells nobody of what is planned now."""
    plans = [place for place, row in enumerate(made) if row.code == move.as_planned]
    return made[plans[-1] :] if plans else made


def _given(d: Deliberation, made: Iterable[MoveRow]) -> Iterable[Notice]:
    """Notices that were moves of the legal action, given on the day that the move names."""
    arrears = d.gathered.situation.account.arrears
    for row in made:
        if row.gives is not None:
            by_post = bool(row.known.get(BY_POST))
            yield Notice(row.gives, row.occurred_at, max(arrears.dpd(row.on), 0), by_post=by_post)
