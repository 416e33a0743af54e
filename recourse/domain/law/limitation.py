"""The limitation clock: until when a claim can be enforced, what started it anew, and with which proof.

Only proofs count (ADR 26): a message that was sent and of which no receipt came restarts nothing, and neither
does a proof from before the clock began or from after it had run out. Where several packs have a rule, what
ends first is to be warned of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from recourse.domain.law import hours
from recourse.domain.law.rules import Begins, LawPack, LimitationRule
from recourse.domain.proofs import Proof, ProofKind
from recourse.domain.situation import Situation


@dataclass(frozen=True, slots=True)
class Restart:
    """A proof that started the years anew, with its day at the lender's place."""

    proof: Proof
    on: date


@dataclass(frozen=True, slots=True)
class Clock:
    """By one rule. runs_from: the day of the last restart, else `began_on`. ends_on: the last day on which
    the claim can be enforced. warn_on: when somebody has to be told; None where the rule says nothing."""

    rule: str
    pack: str
    source: str
    began_on: date
    runs_from: date
    ends_on: date
    restarts: tuple[Restart, ...]
    warn_on: date | None

    def days_left(self, today: date) -> int:
        """Below zero once it has run out."""
        return (self.ends_on - today).days


def clocks(s: Situation, packs: Iterable[LawPack]) -> tuple[Clock, ...]:
    """The one that ends first comes first. Empty where it is not known: no pack of the places has a rule, or
    no due date is known."""
    rules = [(pack, rule) for pack in packs for rule in pack.limitation]
    if not rules:
        return ()
    found = []
    proofs = proofs_of(s)
    for pack, rule in rules:
        began = _began(s, rule)
        if began is not None:
            found.append(_clock(pack, rule, began, proofs, s.lender_zone))
    return tuple(sorted(found, key=lambda clock: (clock.ends_on, clock.pack, clock.rule)))


def proofs_of(s: Situation) -> tuple[Proof, ...]:
    """Everything on record that proves something, oldest first; a reversed payment proves nothing."""
    paid = (
        Proof(ProofKind.PART_PAYMENT, p.occurred_at, p.payment_id)
        for p in s.account.payments
        if not p.reversed
    )
    return tuple(sorted((*s.proofs, *paid), key=lambda proof: (proof.at, proof.kind, proof.ref)))


def warning_at(clock: Clock, zone: str) -> datetime | None:
    """The first instant of the day on which somebody has to be told."""
    return None if clock.warn_on is None else hours.start_of_day(clock.warn_on, zone)


def _began(s: Situation, rule: LimitationRule) -> date | None:
    """The day whose end starts the years. Where the schedule is not known, the last due date that is: earlier
    than the true one, so that the warning rather comes too soon."""
    oldest = s.account.arrears.oldest_due
    match rule.begins:
        case Begins.LAST_INSTALLMENT:
            known = [i.due_date for i in s.account.arrears.installments]
            return max([*known, *([s.last_due_on] if s.last_due_on else [])], default=None)
        case Begins.OLDEST_UNPAID:
            return oldest
        case Begins.END_OF_YEAR:
            return date(oldest.year, 12, 31) if oldest else None


def _clock(pack: LawPack, rule: LimitationRule, began: date, proofs: Iterable[Proof], zone: str) -> Clock:
    runs_from, restarts = began, []
    for proof in proofs:
        on = hours.local_date(proof.at, zone)
        if proof.kind in rule.restarts_on and runs_from <= on <= years_after(runs_from, rule.years):
            runs_from = on
            restarts.append(Restart(proof, on))
    ends = years_after(runs_from, rule.years)
    warn = None if rule.warn_days is None else ends - timedelta(days=rule.warn_days)
    return Clock(rule.code, pack.name, rule.source.title, began, runs_from, ends, tuple(restarts), warn)


def years_after(day: date, years: int) -> date:
    """The day of the same name; 28 February where there is none (民法典 202)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
