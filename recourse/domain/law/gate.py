"""The gate: may this effect happen now? Asked inside the transaction that claims it, at every try.

The order of the questions is the order of an honest answer: first whether there is a debt at all, then
whether anything protects the person, then who, how and when. The first refusal is the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from recourse.domain.law import caps, hours
from recourse.domain.law.rules import LawPack, Source
from recourse.domain.law.verdict import (
    Allowed,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    RefusalCode,
    Refused,
    Verdict,
    action_of,
)
from recourse.domain.situation import (
    Action,
    Channel,
    ContactPoint,
    Hold,
    Party,
    PromiseState,
    Situation,
    StepOutcome,
    StepRecord,
)

Packs = tuple[LawPack, ...]
HOUSE = "house rule"
"""Source of refusals that no statute needs: they follow from the facts themselves."""


def gate(effect: Effect, situation: Situation, packs: Packs, now: datetime) -> Verdict:
    """Allowed, or the first refusal with its code, its source and when it opens again."""
    checked: list[str] = []
    for name, refusal in _answers(effect, _Inquiry(situation, packs, now)):
        if refusal is not None:
            return refusal
        checked.append(name)
    return Allowed(tuple(checked))


@dataclass(frozen=True, slots=True)
class _Inquiry:
    situation: Situation
    packs: Packs
    now: datetime


def _answers(effect: Effect, q: _Inquiry) -> Iterator[tuple[str, Refused | None]]:
    """Lazy on purpose: a later question may rely on an earlier one having been answered with yes."""
    yield "debt", _debt(q)
    yield "law", None if q.packs else Refused(RefusalCode.NO_LAW_PACK, HOUSE)
    yield "holds", _holds(action_of(effect), q)
    match effect:
        case ContactEffect():
            yield from _contact_answers(effect, q)
        case LocateEffect():
            yield "promise", _promise(q)
            yield "steps", _steps(effect.requires, q)
            yield "basis", _basis(effect, q)
        case HandoverEffect():
            yield "promise", _promise(q)
            yield "steps", _steps(effect.requires, q)
            yield "approval", _approval(effect, q)


def _contact_answers(effect: ContactEffect, q: _Inquiry) -> Iterator[tuple[str, Refused | None]]:
    party = q.situation.party(effect.person_id)
    yield "party", _party(party, effect.channel, q)
    if party is None:
        return
    point = next((p for p in party.contact_points if p.id == effect.contact_point_id and p.usable), None)
    yield "contact_point", Refused(RefusalCode.NO_CONTACT_POINT, HOUSE) if point is None else None
    if point is None:
        return
    yield "consent", _consent(point, effect.channel, q)
    yield "hours", _hours(party, effect.channel, q)
    yield "caps", _caps(party, effect, q)


def _debt(q: _Inquiry) -> Refused | None:
    s = q.situation
    if s.case.closed_reason is not None:
        return Refused(RefusalCode.CASE_CLOSED, HOUSE, detail=s.case.closed_reason)
    if s.account.ended is not None:
        return Refused(RefusalCode.NOTHING_OVERDUE, HOUSE, detail=s.account.ended.value)
    if not s.account.certain:
        return Refused(RefusalCode.ARREARS_UNCERTAIN, HOUSE)
    if not s.account.arrears.overdue(hours.local_date(q.now, s.lender_zone)):
        return Refused(RefusalCode.NOTHING_OVERDUE, HOUSE)
    if s.borrower() is None:
        return Refused(RefusalCode.MASTER_DATA_MISSING, HOUSE)
    return None


def stopped_by(hold: Hold, packs: Packs) -> dict[Action, str]:
    """What a hold stops, with the source: its own scope and every pack's, whichever protects more."""
    stops = dict.fromkeys(hold.stops, HOUSE)
    for pack in packs:
        for rule in pack.holds:
            if rule.reason is hold.reason:
                stops |= dict.fromkeys(rule.stops, rule.source.title)
    return stops


def in_force(hold: Hold, now: datetime) -> bool:
    return hold.since <= now and (hold.until is None or now < hold.until)


def _holds(action: Action, q: _Inquiry) -> Refused | None:
    binding = []
    for hold in q.situation.holds:
        source = stopped_by(hold, q.packs).get(action)
        if source is not None and in_force(hold, q.now):
            binding.append((hold, source))
    if not binding:
        return None
    endless = next((pair for pair in binding if pair[0].until is None), None)
    hold, source = endless or max(binding, key=lambda pair: pair[0].until or q.now)
    return Refused(RefusalCode.HOLD, source, hold.until, hold.reason.value)


def _party(party: Party | None, channel: Channel, q: _Inquiry) -> Refused | None:
    for pack in q.packs:
        if party is None or party.role not in pack.parties.roles:
            return Refused(RefusalCode.PARTY_NOT_PERMITTED, pack.parties.source.title)
    if party is not None and channel in party.ceased:
        return Refused(RefusalCode.CEASED, HOUSE, detail=channel.value)
    return None


def _consent(point: ContactPoint, channel: Channel, q: _Inquiry) -> Refused | None:
    for pack in q.packs:
        for rule in pack.consent:
            if channel in rule.channels and channel not in point.consent:
                return Refused(RefusalCode.NO_CONSENT, rule.source.title)
    return None


def _hours(party: Party, channel: Channel, q: _Inquiry) -> Refused | None:
    rules = hours.rules_for(q.packs, channel)
    closed = hours.contact_closure(rules, party.zones, q.now)
    if closed is None:
        return None
    window = hours.contact_window(rules, party.zones, q.now)
    return Refused(RefusalCode.OUTSIDE_HOURS, closed.source.title, window[0] if window else None)


def _caps(party: Party, effect: ContactEffect, q: _Inquiry) -> Refused | None:
    """Every cap is asked; the one that stays shut longest is the answer."""
    ledger = caps.Ledger(q.situation.attempts, q.situation.case.loan_id, party.zones, q.now)
    shut: list[tuple[datetime, Refused]] = []
    for pack in q.packs:
        for cap in pack.caps:
            opens = ledger.reopening(cap, effect)
            if opens is not None:
                shut.append((opens, Refused(RefusalCode.CAP_REACHED, cap.source.title, opens, cap.code)))
        wait = pack.conversation_wait
        opens = ledger.conversation_reopening(wait, effect) if wait else None
        if wait is not None and opens is not None:
            shut.append((opens, Refused(RefusalCode.CONVERSATION_WAIT, wait.source.title, opens)))
    return max(shut, key=lambda pair: pair[0])[1] if shut else None


def _promise(q: _Inquiry) -> Refused | None:
    pending = any(p.state is PromiseState.OPEN for p in q.situation.promises)
    return Refused(RefusalCode.PROMISE_PENDING, HOUSE) if pending else None


def _done(q: _Inquiry) -> dict[str, StepRecord]:
    return {r.step_id: r for r in q.situation.steps if r.outcome is StepOutcome.DONE}


def _steps(requires: tuple[str, ...], q: _Inquiry) -> Refused | None:
    missing = [step for step in requires if step not in _done(q)]
    return Refused(RefusalCode.STEP_MISSING, HOUSE, detail=", ".join(missing)) if missing else None


def _basis(effect: LocateEffect, q: _Inquiry) -> Refused | None:
    if q.situation.locate_basis is not None and effect.purpose:
        return None
    return Refused(RefusalCode.NO_LAWFUL_BASIS, _titles([p.locate_basis for p in q.packs]))


def _approval(effect: HandoverEffect, q: _Inquiry) -> Refused | None:
    proposal, approval = _done(q).get(effect.proposal), _done(q).get(effect.approval)
    source = _titles([p.handover for p in q.packs])
    if proposal is None or approval is None or proposal.done_by is None or approval.done_by is None:
        return Refused(RefusalCode.NOT_APPROVED, source)
    if proposal.done_by == approval.done_by:
        return Refused(RefusalCode.APPROVER_IS_REQUESTER, source)
    return None


def _titles(sources: list[Source]) -> str:
    return "; ".join(dict.fromkeys(source.title for source in sources))
