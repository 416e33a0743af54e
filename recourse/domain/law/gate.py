"""The gate: may this effect happen now? Asked inside the transaction that claims it, at every try.

The order of the questions is the order of an honest answer: first whether there is a debt at all, then
whether anything protects the person, then who, how and when. The first question with a no decides; where
several rules answer it, the one that stays shut longest is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from recourse.domain.keeping import binds
from recourse.domain.law import caps, hours
from recourse.domain.law.holds import HOUSE, binding_rules
from recourse.domain.law.notices import Notice, standings
from recourse.domain.law.reach import unreachable
from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import LawPack, Move, PartyRule, Restricts
from recourse.domain.law.times import Times
from recourse.domain.law.verdict import (
    Allowed,
    Check,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    RecoveryEffect,
    RefusalCode,
    Refused,
    Verdict,
    action_of,
)
from recourse.domain.situation import (
    ContactPoint,
    Hold,
    HoldReason,
    Party,
    PartyRole,
    PromiseState,
    Situation,
    StepOutcome,
    StepRecord,
)

Packs = tuple[LawPack, ...]
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def gate(effect: Effect, situation: Situation, packs: Packs, now: datetime) -> Verdict:
    """Allowed, or the first refusal with its code, its source and when it opens again."""
    asked: list[str] = []
    for question in _questions(effect, _Inquiry(situation, packs, now)):
        refusals = [check.refusal for check in question.checks if check.refusal is not None]
        if refusals:
            return max(refusals, key=lambda refused: refused.opens_at or _FOR_EVER)
        asked.append(question.name)
    return Allowed(tuple(asked))


def examine(effect: Effect, situation: Situation, packs: Packs, now: datetime) -> tuple[Check, ...]:
    """Every rule that can be asked, also behind the first no, so that it can be shown what each says."""
    return tuple(
        check for question in _questions(effect, _Inquiry(situation, packs, now)) for check in question.checks
    )


@dataclass(frozen=True, slots=True)
class _Inquiry:
    situation: Situation
    packs: Packs
    now: datetime


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    checks: tuple[Check, ...]


def _house(name: str, refusal: Refused | None, rule: str = "") -> _Question:
    """A question that no pack has a rule for."""
    return _Question(name, (Check(name, rule or f"house_{name}", "", HOUSE, refusal),))


def _lawful(name: str, answers: Iterable[tuple[LawPack, Rule, Refused | None]]) -> _Question:
    return _Question(
        name,
        tuple(
            Check(name, rule.code, pack.name, rule.source.title, refusal) for pack, rule, refusal in answers
        ),
    )


def _heeded(what: Restricts, refusal: Refused | None, q: _Inquiry) -> _Question:
    """What the person told us is heeded everywhere; a pack may say that the law wants it so."""
    rules = [(pack, rule) for pack in q.packs for rule in pack.restrictions if rule.heeds is what]
    if not rules:
        return _house(what.value, refusal)
    return _lawful(
        what.value,
        ((pack, rule, refusal and replace(refusal, source=rule.source.title)) for pack, rule in rules),
    )


def _questions(effect: Effect, q: _Inquiry) -> Iterator[_Question]:
    """Lazy on purpose: a later question may rely on an earlier one having been answered with yes."""
    yield _house("debt", _debt(q))
    yield _house("law", None if q.packs else Refused(RefusalCode.NO_LAW_PACK, HOUSE))
    yield _holds(effect, q)
    if any(binds(agreement) for agreement in q.situation.agreements):
        yield _agreements(effect, q)
    match effect:
        case ContactEffect():
            yield from _contact_questions(effect, q)
        case LocateEffect():
            yield _house("promise", _promise(q))
            yield _house("steps", _steps(effect.requires, q))
            yield _lawful("basis", _basis(effect, q))
        case HandoverEffect():
            yield _house("promise", _promise(q))
            yield _house("steps", _steps(effect.requires, q))
            yield _lawful("notices", _notices(Move.LEGAL, effect.notices, q))
            yield _lawful("approval", _approval(_against_approval(effect, q), q))
        case RecoveryEffect():
            yield _house("promise", _promise(q))
            yield _house("steps", _steps(effect.requires, q))
            yield _house("notice", _notice(effect, q))
            yield _lawful("notices", _notices(Move.RECOVERY, effect.notices, q))
            yield _lawful("approval", _approval(_against_persons(effect), q))
        case _:
            assert_never(effect)


def _contact_questions(effect: ContactEffect, q: _Inquiry) -> Iterator[_Question]:
    party = q.situation.party(effect.person_id)
    yield _lawful("party", _party(party, effect, q))
    if party is None:
        return
    point = next((p for p in party.contact_points if p.id == effect.contact_point_id and p.usable), None)
    anew = point is not None and effect.channel in point.proved
    ceased = effect.channel in party.ceased and not anew
    yield _house(
        "ceased", Refused(RefusalCode.CEASED, HOUSE, detail=effect.channel.value) if ceased else None
    )
    represented = party.restrictions.represented
    yield _heeded(Restricts.ATTORNEY, Refused(RefusalCode.REPRESENTED, HOUSE) if represented else None, q)
    yield _house("contact_point", Refused(RefusalCode.NO_CONTACT_POINT, HOUSE) if point is None else None)
    if point is None:
        return
    barred = party.restrictions.bars(point.id, point.whereabouts)
    yield _heeded(Restricts.PLACE, Refused(RefusalCode.INCONVENIENT_PLACE, HOUSE) if barred else None, q)
    yield _lawful("consent", _consent(party, point, effect, q))
    times = Times(party, effect.channel, q.packs, q.now)
    yield _lawful("hours", times.hours())
    yield _lawful("rest_days", times.rest_days())
    yield _heeded(Restricts.TIME, times.inconvenient(), q)
    yield _lawful("caps", _caps(party, effect, q))


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


def _holds(effect: Effect, q: _Inquiry) -> _Question:
    checks = [
        Check(
            "holds",
            rule,
            pack,
            source,
            Refused(RefusalCode.HOLD, source, hold.until, hold.reason.value),
        )
        for hold, rule, pack, source in binding_rules(q.situation.holds, q.packs, action_of(effect), q.now)
    ]
    return _Question("holds", tuple(checks)) if checks else _house("holds", None)


def _agreements(effect: Effect, q: _Inquiry) -> _Question:
    """An agreement in force stops what the packs let a payment plan stop."""
    kinds = {a.id: a.kind.value for a in q.situation.agreements if binds(a)}
    holds = [Hold(key, HoldReason.PAYMENT_PLAN, q.now, None) for key in kinds]
    binding = binding_rules(holds, q.packs, action_of(effect), q.now)
    code = RefusalCode.AGREEMENT_IN_FORCE
    checks = [
        Check("agreement", rule, pack, source, Refused(code, source, detail=kinds[hold.id]))
        for hold, rule, pack, source in binding
    ]
    return _Question("agreement", tuple(checks)) if checks else _house("agreement", None)


def _party(
    party: Party | None, effect: ContactEffect, q: _Inquiry
) -> Iterator[tuple[LawPack, Rule, Refused | None]]:
    """Of each pack that speaks of parties, the rule for the role; without one the pack refuses."""
    role = party.role if party is not None else None
    for pack in q.packs:
        if not pack.parties:
            continue
        rule = next((r for r in pack.parties if role in r.roles), None)
        if rule is None:
            first = pack.parties[0]
            yield pack, first, Refused(RefusalCode.PARTY_NOT_PERMITTED, first.source.title)
        else:
            yield pack, rule, _against_party(rule, role, effect, q)


def _against_party(
    rule: PartyRule, role: PartyRole | None, effect: ContactEffect, q: _Inquiry
) -> Refused | None:
    if effect.says not in rule.may_be_told:
        return Refused(RefusalCode.MAY_NOT_BE_TOLD, rule.source.title, detail=effect.says.value)
    if rule.only_if_unreachable and not unreachable(q.situation):
        return Refused(RefusalCode.BORROWER_REACHABLE, rule.source.title)
    return None


def _consent(
    party: Party, point: ContactPoint, effect: ContactEffect, q: _Inquiry
) -> Iterator[tuple[LawPack, Rule, Refused | None]]:
    for pack in q.packs:
        for rule in pack.consent:
            if effect.channel in rule.channels and rule.scope.covers_party(party.role):
                missing = effect.channel not in point.consent
                yield pack, rule, Refused(RefusalCode.NO_CONSENT, rule.source.title) if missing else None


def _caps(party: Party, effect: ContactEffect, q: _Inquiry) -> Iterator[tuple[LawPack, Rule, Refused | None]]:
    ledger = caps.Ledger(q.situation.attempts, q.situation.case.loan_id, party.zones, q.now)
    for pack in q.packs:
        for cap in pack.caps:
            if effect.channel in cap.channels and cap.scope.covers_party(party.role):
                opens, title = ledger.reopening(cap, effect), cap.source.title
                yield pack, cap, Refused(RefusalCode.CAP_REACHED, title, opens, cap.code) if opens else None
        for wait in pack.conversation_waits:
            if effect.channel in caps.CALLS and wait.scope.covers_party(party.role):
                opens, title = ledger.wait_reopening(wait, effect), wait.source.title
                yield pack, wait, Refused(RefusalCode.CONVERSATION_WAIT, title, opens) if opens else None


def _promise(q: _Inquiry) -> Refused | None:
    pending = any(p.state is PromiseState.OPEN for p in q.situation.promises)
    return Refused(RefusalCode.PROMISE_PENDING, HOUSE) if pending else None


def _done(q: _Inquiry) -> dict[str, StepRecord]:
    return {r.step_id: r for r in q.situation.steps if r.outcome is StepOutcome.DONE}


def _steps(requires: tuple[str, ...], q: _Inquiry) -> Refused | None:
    missing = [step for step in requires if step not in _done(q)]
    return Refused(RefusalCode.STEP_MISSING, HOUSE, detail=", ".join(missing)) if missing else None


def _basis(effect: LocateEffect, q: _Inquiry) -> Iterator[tuple[LawPack, Rule, Refused | None]]:
    given = q.situation.locate_basis is not None and bool(effect.purpose)
    for pack in q.packs:
        for rule in pack.locate_basis:
            yield pack, rule, None if given else Refused(RefusalCode.NO_LAWFUL_BASIS, rule.source.title)


def _notice(effect: RecoveryEffect, q: _Inquiry) -> Refused | None:
    """Whether the days have passed that the person was given by the last notice."""
    given = [_done(q)[step].at for step in effect.requires]
    over = max(given) + timedelta(days=effect.wait_days) if given else q.now
    return Refused(RefusalCode.NOTICE_RUNNING, HOUSE, over) if over > q.now else None


def _notices(
    move: Move, given: Iterable[Notice], q: _Inquiry
) -> Iterator[tuple[LawPack, Rule, Refused | None]]:
    for found in standings(move, given, q.packs, q.situation.lender_zone):
        title, template = found.rule.source.title, found.rule.template
        refusal = None
        if found.opens is None:
            refusal = Refused(RefusalCode.NOTICE_MISSING, title, detail=template)
        elif q.now < found.opens:
            refusal = Refused(RefusalCode.NOTICE_RUNNING, title, found.opens, template)
        yield found.pack, found.rule, refusal


def _approval(code: RefusalCode | None, q: _Inquiry) -> Iterator[tuple[LawPack, Rule, Refused | None]]:
    for pack in q.packs:
        for rule in pack.handover:
            yield pack, rule, None if code is None else Refused(code, rule.source.title)


def _against_approval(effect: HandoverEffect, q: _Inquiry) -> RefusalCode | None:
    proposal, approval = _done(q).get(effect.proposal), _done(q).get(effect.approval)
    if proposal is None or approval is None or proposal.done_by is None or approval.done_by is None:
        return RefusalCode.NOT_APPROVED
    return RefusalCode.APPROVER_IS_REQUESTER if proposal.done_by == approval.done_by else None


def _against_persons(effect: RecoveryEffect) -> RefusalCode | None:
    if not effect.proposed_by or not effect.approved_by:
        return RefusalCode.NOT_APPROVED
    return RefusalCode.APPROVER_IS_REQUESTER if effect.proposed_by == effect.approved_by else None
