"""Whether agreements are kept, judged from the account alone: again at every decision, from the beginning.

Money counts once: each payment goes to what is due first among all that runs at its time, promises included,
and what is left of it to the next. What only the bank can book is kept by the bank's own statement. So the
order in which facts arrive changes nothing, and a reversal takes back what its payment had made kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from recourse.domain.agreements import (
    IN_FORCE,
    JUDGED,
    Agreement,
    AgreementKind,
    AgreementState,
    parts_of,
)
from recourse.domain.fold import Account, Payment
from recourse.domain.law import hours
from recourse.domain.situation import Promise, Situation
from recourse.domain.strategy.ladder import AgreementRule, PromiseRule, Strategy

NOT_BOOKED = "not_booked"
"""Why an agreement was cancelled that the bank never booked."""


@dataclass(frozen=True, slots=True)
class AgreementVerdict:
    """code: why, where the state alone does not say."""

    agreement_id: str
    state: AgreementState
    code: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """at: when it came to be so; None while nothing has been decided by facts."""

    state: AgreementState
    at: datetime | None = None


def binds(agreement: Agreement) -> bool:
    """Whether it stops the ladder. A settlement that was paid binds until the bank has closed the loan."""
    settled = agreement.kind is AgreementKind.SETTLEMENT and agreement.state is AgreementState.KEPT
    return settled or agreement.state in IN_FORCE


def part_deadline(due_on: date, rule: AgreementRule, zone: str) -> datetime:
    """First instant at which an unpaid part breaks the agreement."""
    return hours.start_of_day(due_on + timedelta(days=rule.grace_days + 1), zone)


def promise_deadline(promise: Promise, rule: PromiseRule, zone: str) -> datetime:
    """First instant at which an unkept promise is broken: the day after its date plus grace."""
    return hours.start_of_day(promise.due_on + timedelta(days=rule.grace_days + 1), zone)


def booking_deadline(since: datetime, rule: AgreementRule, zone: str) -> datetime:
    """Until when the bank has to book what was approved, or what was settled and paid."""
    day = hours.local_date(since, zone) + timedelta(days=rule.booking_days + 1)
    return hours.start_of_day(day, zone)


def look_again_at(agreement: Agreement, rule: AgreementRule, zone: str, now: datetime) -> datetime | None:
    """The next instant at which time alone decides something about it."""
    if agreement.state is AgreementState.APPROVED and agreement.since is not None:
        return booking_deadline(agreement.since, rule, zone)
    if agreement.state is not AgreementState.ACTIVE:
        return None
    deadlines = (part_deadline(part.due_on, rule, zone) for part in parts_of(agreement.terms))
    return min((deadline for deadline in deadlines if deadline > now), default=None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """standings: by agreement. promised: what was paid on each promise."""

    standings: Mapping[str, Standing]
    promised: Mapping[str, int]


def judge(s: Situation, strategy: Strategy, now: datetime) -> Judgement:
    rule, zone = strategy.agreement, s.lender_zone
    running = [a for a in s.agreements if a.state in JUDGED and a.since is not None]
    paying = [a for a in running if parts_of(a.terms)]
    booked = [a for a in running if not parts_of(a.terms)]
    owners = [_owner_of(a, a.since, rule, zone) for a in paying if a.since is not None]
    owners += [_owner_of_promise(p, strategy.promise, zone) for p in s.promises]
    _run(owners, s.account.payments, now)
    standings = {a.id: o.standing() for a, o in zip(paying, owners, strict=False)}
    standings |= dict(_booked(booked, s.account, rule, zone, now))
    promised = {o.id: sum(c.credited for c in o.claims) for o in owners[len(paying) :]}
    return Judgement(standings, promised)


@dataclass(slots=True)
class _Claim:
    amount_minor: int
    deadline: datetime
    min_percent: int
    credited: int = 0

    @property
    def met(self) -> bool:
        return self.credited * 100 >= self.amount_minor * self.min_percent


@dataclass(slots=True)
class _Owner:
    """An agreement or a promise with what is claimed under it, while it runs."""

    id: str
    since: datetime
    claims: list[_Claim]
    kept_at: datetime | None = None
    broken_at: datetime | None = None
    open: bool = field(default=True)

    def standing(self) -> Standing:
        if self.kept_at is not None:
            return Standing(AgreementState.KEPT, self.kept_at)
        if self.broken_at is not None:
            return Standing(AgreementState.BROKEN, self.broken_at)
        return Standing(AgreementState.ACTIVE)


def _owner_of(a: Agreement, since: datetime, rule: AgreementRule, zone: str) -> _Owner:
    claims = [
        _Claim(part.amount_minor, part_deadline(part.due_on, rule, zone), rule.min_percent)
        for part in parts_of(a.terms)
    ]
    return _Owner(a.id, since, claims)


def _owner_of_promise(promise: Promise, rule: PromiseRule, zone: str) -> _Owner:
    claim = _Claim(promise.amount_minor, promise_deadline(promise, rule, zone), rule.min_percent)
    return _Owner(promise.id, promise.made_at, [claim])


def _run(owners: list[_Owner], payments: Iterable[Payment], now: datetime) -> None:
    """Payments and deadlines in the order of their time; at one instant the deadline is first."""
    money = sorted((p for p in payments if not p.reversed), key=lambda p: (p.occurred_at, p.payment_id))
    edges = sorted({c.deadline for o in owners for c in o.claims if c.deadline <= now})
    for payment in money:
        while edges and edges[0] <= payment.occurred_at:
            _pass(owners, edges.pop(0))
        _credit(owners, payment)
    for edge in edges:
        _pass(owners, edge)


def _pass(owners: list[_Owner], edge: datetime) -> None:
    """A deadline has come: what is unpaid then breaks the whole, which takes no more money."""
    for owner in owners:
        missed = any(c.deadline == edge and not c.met for c in owner.claims)
        if owner.open and missed:
            owner.broken_at, owner.open = edge, False


def _credit(owners: list[_Owner], payment: Payment) -> None:
    left, at = payment.amount_minor, payment.occurred_at
    running = [
        (claim.deadline, owner.since, owner.id, claim, owner)
        for owner in owners
        if owner.open and owner.since <= at
        for claim in owner.claims
        if at < claim.deadline
    ]
    for *_, claim, owner in sorted(running, key=lambda one: one[:3]):
        if not owner.open:
            continue
        part = min(left, claim.amount_minor - claim.credited)
        claim.credited += part
        left -= part
        if all(c.met for c in owner.claims):
            owner.kept_at, owner.open = owner.kept_at or at, False


def _booked(
    agreements: list[Agreement], account: Account, rule: AgreementRule, zone: str, now: datetime
) -> Iterator[tuple[str, Standing]]:
    """Each statement of the bank stands for one agreement, the oldest first."""
    statements = sorted(account.adjustments, key=lambda one: one.occurred_at)
    for a in sorted(agreements, key=lambda a: (a.since or now, a.id)):
        since = a.since or now
        deadline = booking_deadline(since, rule, zone)
        found = next((n for n in statements if n.kind == a.kind and since <= n.occurred_at < deadline), None)
        if found is not None:
            statements.remove(found)
            yield a.id, Standing(AgreementState.KEPT, found.occurred_at)
        elif now >= deadline:
            yield a.id, Standing(AgreementState.CANCELLED, deadline)
        else:
            yield a.id, Standing(AgreementState.APPROVED)


def verdicts(s: Situation, judgement: Judgement) -> Iterator[AgreementVerdict]:
    """What has changed since it was written down."""
    for a in s.agreements:
        standing = judgement.standings.get(a.id)
        if standing is not None and standing.state is not a.state:
            unbooked = standing.state is AgreementState.CANCELLED
            yield AgreementVerdict(a.id, standing.state, NOT_BOOKED if unbooked else "")


def at_the_end(s: Situation, reason: str, *, fulfilled: bool) -> Iterator[AgreementVerdict]:
    """What becomes of agreements when the case ends. fulfilled: nothing is owed any more."""
    for a in s.agreements:
        if a.state in IN_FORCE:
            state = AgreementState.KEPT if fulfilled else AgreementState.CANCELLED
            yield AgreementVerdict(a.id, state, reason)
        elif a.state is AgreementState.PROPOSED:
            yield AgreementVerdict(a.id, AgreementState.CANCELLED, reason)
