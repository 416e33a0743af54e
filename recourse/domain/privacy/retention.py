"""How long what must be kept, and what keeps somebody from being erased. Pure: rules and dates in, dates out.

An erasure is of a person as a whole, by destroying keys. It is due when the longest of the periods of what is
kept about him has run out, on each loan that names him, and nothing holds him.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from recourse.domain.law.rule import Mark


class RetentionClass(StrEnum):
    MASTER = "master"
    """Who somebody is and how he is reached; the vehicle."""
    CONTACT = "contact"
    """What was said to him: messages, letters, calls."""
    LEGAL = "legal"
    """Files that were handed over."""
    POSITION = "position"
    """Where the vehicle was."""
    STAFF = "staff"
    """Who works here."""


ERASED: tuple[RetentionClass, ...] = tuple(one for one in RetentionClass if one is not RetentionClass.STAFF)


class ClockStart(StrEnum):
    LAST_ACTIVITY = "last_activity"
    """The last contact or step of collection on the loan."""
    LOAN_ENDED = "loan_ended"
    """The day the debt ended, however it did."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """One period. region: the place whose law it is (`US`, `US-CA`, `EU`); empty for everywhere. years: from
    the clock's start, at the end of which nothing of the class is kept any more. effective_from,
    effective_to: first and last day the rule is asked."""

    code: str
    region: str
    kept: RetentionClass
    clock: ClockStart
    years: int
    source: str
    mark: Mark
    effective_from: date | None = None
    effective_to: date | None = None

    def asked(self, places: Collection[str], on: date) -> bool:
        begun = self.effective_from is None or self.effective_from <= on
        in_force = begun and (self.effective_to is None or on <= self.effective_to)
        return in_force and (not self.region or self.region in places)


class Blocker(StrEnum):
    """What holds somebody, whatever the periods say."""

    LOAN_NOT_ENDED = "loan_not_ended"
    CASE_OPEN = "case_open"
    LEGAL_ACTION_OPEN = "legal_action_open"
    DISPUTE_OPEN = "dispute_open"
    LIMITATION_RUNS = "limitation_runs"
    """The claim can still be enforced, and its evidence is needed for it."""
    HOLD_IN_FORCE = "hold_in_force"
    """On the loan or the person: for a dispute, a court, an authority, or a lawyer who needs the record."""
    PERMIT_OUT = "permit_out"
    """Somebody outside has the file, or may still act on it."""
    PERIOD_RUNS = "period_runs"


@dataclass(frozen=True, slots=True)
class Held:
    """until: the last day, None where nobody knows. rule, source: of a period."""

    why: Blocker
    loan_id: str
    until: date | None = None
    kept: RetentionClass | None = None
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class LoanFacts:
    """What is known of one loan that names the person. places: whose law is asked. ended_on: None while it is
    owed. limitation_ends_on: of a claim that was not paid; None where there is none, or nobody knows."""

    loan_id: str
    places: frozenset[str]
    ended_on: date | None
    last_activity_on: date | None
    unpaid: bool = False
    limitation_known: bool = True
    limitation_ends_on: date | None = None
    open_case: bool = False
    open_legal_action: bool = False
    open_dispute: bool = False
    hold_in_force: bool = False
    permit_out: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """When what is of a class may go, on one loan. on: the first day; None while its clock has not begun."""

    loan_id: str
    kept: RetentionClass
    on: date | None
    rule: str
    source: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a person. holds: what keeps him; empty when he may be erased. due: by loan and class."""

    holds: tuple[Held, ...] = ()
    due: tuple[Due, ...] = field(default=())

    @property
    def may_go(self) -> bool:
        return not self.holds

    @property
    def due_on(self) -> date | None:
        """The first day on which every period has run out; None while one has not begun."""
        days = [one.on for one in self.due]
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) else None


class NoRule(LookupError):
    """No rule says how long what must be kept there; nothing may go on a guess."""


def standing(loans: Sequence[LoanFacts], rules: Sequence[RetentionRule], today: date) -> Standing:
    """Raises NoRule. Who is on no loan at all is held by nothing."""
    due = tuple(one for loan in loans for one in due_of(loan, rules, today))
    running = [
        Held(Blocker.PERIOD_RUNS, one.loan_id, one.on, one.kept, one.rule, one.source)
        for one in due
        if one.on is None or one.on > today
    ]
    return Standing((*(held for loan in loans for held in holds_of(loan, today)), *running), due)


def holds_of(loan: LoanFacts, today: date) -> list[Held]:
    flags = {
        Blocker.LOAN_NOT_ENDED: loan.ended_on is None,
        Blocker.CASE_OPEN: loan.open_case,
        Blocker.LEGAL_ACTION_OPEN: loan.open_legal_action,
        Blocker.DISPUTE_OPEN: loan.open_dispute,
        Blocker.HOLD_IN_FORCE: loan.hold_in_force,
        Blocker.PERMIT_OUT: loan.permit_out,
    }
    found = [Held(why, loan.loan_id) for why, holds in flags.items() if holds]
    ends = loan.limitation_ends_on
    if loan.unpaid and (not loan.limitation_known or (ends is not None and ends >= today)):
        found.append(Held(Blocker.LIMITATION_RUNS, loan.loan_id, ends))
    return found


def due_of(loan: LoanFacts, rules: Iterable[RetentionRule], today: date) -> list[Due]:
    """Of each class the rule that keeps it longest: what one law wants kept, no other lets go."""
    asked = [rule for rule in rules if rule.asked(loan.places, today)]
    found = []
    for kept in ERASED:
        every = [rule for rule in asked if rule.kept is kept]
        # A rule for everywhere is this house's, for where no law says anything.
        of_class = [rule for rule in every if rule.region] or every
        if not of_class:
            places = ", ".join(sorted(loan.places))
            raise NoRule(f"{kept.value}: no rule of retention for {places}; add one to retention.yaml")
        days = [(_ends(loan, rule), rule) for rule in of_class]
        last = max(days, key=lambda one: (one[0] is None, one[0] or date.min))
        found.append(Due(loan.loan_id, kept, last[0], last[1].code, last[1].source, last[1].mark))
    return found


def _ends(loan: LoanFacts, rule: RetentionRule) -> date | None:
    """The first day on which the rule keeps nothing any more. Who ended his loan and was never contacted has
    no activity: his clock is the loan's."""
    ended = loan.ended_on
    start = ended if rule.clock is ClockStart.LOAN_ENDED else loan.last_activity_on or ended
    if start is None or ended is None:
        return None
    return years_after(start, rule.years)


def years_after(start: date, years: int) -> date:
    """The same day so many years on; 29 February becomes 1 March, so that nothing goes a day early."""
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return date(start.year + years, 3, 1)
