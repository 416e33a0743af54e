"""The shape of a law pack. Values come from `recourse/packs/law/*.yaml`; each rule carries its source.

A rule says from when to when it is in force and for whom (`Scope`). `LawPack.as_of` leaves what applies to
one collector and one product on one day; decisions see nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, time
from enum import StrEnum
from typing import Any

from recourse.domain.disputes import DisputeAnswer, DisputeKind
from recourse.domain.law.location import BasisRule, LocationRule
from recourse.domain.law.reach import HOUSE_UNREACHABLE, Unreachable
from recourse.domain.law.resting import OfficeDays, RestDays
from recourse.domain.law.rule import Collector, Rule
from recourse.domain.proofs import ProofKind
from recourse.domain.situation import Action, Channel, HoldReason, PartyRole


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittedHours(Rule):
    """Contacts are permitted from `opens` (inclusive) to `closes` (exclusive), local time of the person."""

    channels: frozenset[Channel]
    opens: time
    closes: time


class Restricts(StrEnum):
    """What a person may have told us (`recourse.domain.restrictions`)."""

    TIME = "inconvenient_time"
    PLACE = "inconvenient_place"
    ATTORNEY = "represented"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionRule(Rule):
    """Why it must be heeded. It is heeded everywhere; where no pack has a rule, as a house rule."""

    heeds: Restricts


class Counts(StrEnum):
    ATTEMPT = "attempt"
    CONNECTED = "connected"


class Per(StrEnum):
    PERSON = "person"
    CONTACT_POINT = "contact_point"
    PERSON_AND_DEBT = "person_and_debt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap(Rule):
    """At most `limit` in a window.

    window_days: None means the calendar day at the person's place; a number means that many consecutive
    days as a sliding window of 24 h each, exclusive at its far edge.

    elsewhere: only contacts on points that are not known to be the person's home or own mobile, and only
    those count. asked_days: a call that the person asked for, at most so many days before, is not counted and
    not refused; one call a request. presumption: more is presumed to be too much, and may be defended; it is
    heeded like a limit all the same.
    """

    channels: frozenset[Channel]
    counts: Counts
    per: Per
    limit: int
    window_days: int | None
    elsewhere: bool = False
    asked_days: int | None = None
    presumption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationWait(Rule):
    """No new call for `days` days after a conversation about the debt; the day of it is day 1. asked_days,
    presumption: as for a `Cap`."""

    days: int
    asked_days: int | None = None
    presumption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRule(Rule):
    channels: frozenset[Channel]


class Disclosure(StrEnum):
    """What is said: that there is a debt, or only a question where the person can be reached."""

    DEBT = "debt"
    WHEREABOUTS = "whereabouts"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRule(Rule):
    """The roles that may be contacted, and what may be said to them.

    only_if_unreachable: and only once the borrower cannot be reached himself, which is when nothing of his is
    usable, or when `unreachable` says so.
    """

    roles: frozenset[PartyRole]
    may_be_told: frozenset[Disclosure] = frozenset({Disclosure.DEBT, Disclosure.WHEREABOUTS})
    only_if_unreachable: bool = False
    unreachable: Unreachable = HOUSE_UNREACHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule(Rule):
    """days: how long the law protects once it begins; None for until it is lifted. once_in_months: how often
    the law gives it; None for as often as there is reason."""

    reason: HoldReason
    stops: frozenset[Action]
    days: int | None = None
    once_in_months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRule(Rule):
    """Disputes of these kinds are to be answered so many months and days after they came in. keeps_hold:
    answers after which the hold stands until somebody lifts it: what was disputed is still to be put right.
    """

    kinds: frozenset[DisputeKind]
    days: int = 0
    months: int = 0
    keeps_hold: frozenset[DisputeAnswer] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementRule(Rule):
    """Who disputes in one of these ways is told in writing that it came in, so many days after it did."""

    kinds: frozenset[DisputeKind]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRule(Rule):
    """What a message on these channels must contain, as names of passages that templates declare."""

    channels: frozenset[Channel]
    contains: tuple[str, ...]


class Move(StrEnum):
    """What a notice has to come before."""

    ACCELERATION = "acceleration"
    RECOVERY = "recovery"
    LEGAL = "legal"
    SALE = "sale"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRule(Rule):
    """A notice that must have been given before some moves.

    earliest_dpd: it is no notice when given earlier. wait_days: from the notice to the move.
    template: the kind of template that is this notice. contains: passages it must have.
    once_in_months: the law gives the right once in that time, so that a notice of an earlier default stands
    for a later one within it; None for one in each default. post_days: a letter counts as given so many days
    after it went to the post; the number is a house rule where the pack names none.
    """

    before: frozenset[Move]
    template: str
    wait_days: int
    earliest_dpd: int = 0
    contains: tuple[str, ...] = ()
    once_in_months: int | None = None
    post_days: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastUnpaid(Rule):
    """So much of the price, in percent, must be overdue before some moves."""

    before: frozenset[Move]
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule(Rule):
    """record: what is kept; for `years` years after `clock_start`."""

    record: str
    clock_start: str
    years: int


class Begins(StrEnum):
    """With which day the years begin."""

    LAST_INSTALLMENT = "last_installment"
    """The last due date of the contract, for the whole debt."""
    OLDEST_UNPAID = "oldest_unpaid"
    END_OF_YEAR = "end_of_year"
    """Of the year in which the oldest unpaid installment was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitationRule(Rule):
    """How long a claim can be enforced, and which proofs start the years anew.

    warn_days: so many days before the end the legal team is warned; None for never.
    """

    years: int
    restarts_on: frozenset[ProofKind]
    begins: Begins = Begins.OLDEST_UNPAID
    warn_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule(Rule):
    """Two people stand behind what cannot be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawPack:
    """One jurisdiction at one version. Several packs apply together; the strictest answer wins.

    regions: the places it is asked for, as the bank names them. layer_of: the pack whose rules hold there as
    well (a state's of its federation's). alone: whether its own rules suffice where no layer is installed.
    """

    id: str
    version: str
    title: str
    regions: tuple[str, ...]
    layer_of: str | None = None
    alone: bool = True
    hours: tuple[PermittedHours, ...] = ()
    caps: tuple[Cap, ...] = ()
    conversation_waits: tuple[ConversationWait, ...] = ()
    rest_days: tuple[RestDays, ...] = ()
    office_days: tuple[OfficeDays, ...] = ()
    restrictions: tuple[RestrictionRule, ...] = ()
    consent: tuple[ConsentRule, ...] = ()
    parties: tuple[PartyRule, ...] = ()
    holds: tuple[HoldRule, ...] = ()
    answers: tuple[AnswerRule, ...] = ()
    acknowledgements: tuple[AcknowledgementRule, ...] = ()
    contents: tuple[ContentRule, ...] = ()
    notices: tuple[NoticeRule, ...] = ()
    least_unpaid: tuple[LeastUnpaid, ...] = ()
    retention: tuple[RetentionRule, ...] = ()
    limitation: tuple[LimitationRule, ...] = ()
    locate_basis: tuple[BasisRule, ...] = ()
    location: tuple[LocationRule, ...] = ()
    handover: tuple[ApprovalRule, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def rules(self) -> Iterable[Rule]:
        for kind in RULE_KINDS:
            yield from getattr(self, kind)

    def as_of(self, on: date, collector: Collector | None = None, product: str | None = None) -> LawPack:
        """The rules that bind this collector for this product on this day."""
        kept: dict[str, Any] = {
            kind: tuple(
                rule
                for rule in getattr(self, kind)
                if rule.in_force(on) and rule.scope.covers_debt(collector, product)
            )
            for kind in RULE_KINDS
        }
        return replace(self, **kept)


RULE_KINDS = tuple(
    field.name
    for field in fields(LawPack)
    if field.name not in {"id", "version", "title", "regions", "layer_of", "alone"}
)
"""The fields of a pack that hold rules."""
