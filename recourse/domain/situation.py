"""The frozen picture a decision is made from, gathered under the locks by `recourse.storage.situation`.

It is stored with each step, so it holds codes, instants and opaque ids, never a name, number or address.
Instants are business time in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from recourse.domain.agreements import Agreement
from recourse.domain.fold import Account
from recourse.domain.ids import CaseId, ContactPointId, FactId, LoanId, PersonId, TaskId
from recourse.domain.pending import DisputeDue, LegalDue, LegalStand
from recourse.domain.proofs import Proof
from recourse.domain.restrictions import NO_RESTRICTIONS, Restrictions, Whereabouts


class Stage(StrEnum):
    REMINDER = "reminder"
    AGENT = "agent"
    FIELD = "field"
    LEGAL = "legal"
    CLOSED = "closed"


STAGE_ORDER = tuple(Stage)


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    CALL = "call"
    VISIT = "visit"
    LETTER = "letter"


SENT = frozenset({Channel.EMAIL, Channel.SMS, Channel.LETTER})
"""What goes out by itself; over the others somebody speaks."""


class PartyRole(StrEnum):
    BORROWER = "borrower"
    JOINT = "joint"
    GUARANTOR = "guarantor"
    REFERENCE = "reference"
    ATTORNEY = "attorney"
    """Who speaks for the borrower."""


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """consent: the channels the person agreed to on this point. usable: False once found dead, or
    when the bank lists it no more. whereabouts: what it is to the person, None where nobody said. proved: the
    channels agreed to with a proof that is newer than any request to stop (`recourse.domain.consents`)."""

    id: ContactPointId
    kind: str
    consent: frozenset[Channel]
    usable: bool = True
    whereabouts: Whereabouts | None = None
    proved: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Party:
    """zones: IANA names of every place the person may be; a contact must be lawful in all of them. Raises
    ValueError where there is none: every hour would be lawful."""

    person_id: PersonId
    role: PartyRole
    zones: tuple[str, ...]
    contact_points: tuple[ContactPoint, ...]
    ceased: frozenset[Channel] = frozenset()
    """Channels the person told us to stop; all five after a full cease request. Where a point has a proof of
    a newer consent, the channel is free again on that point."""
    restrictions: Restrictions = NO_RESTRICTIONS

    def __post_init__(self) -> None:
        if not self.zones:
            raise ValueError("zones: a person is somewhere; where nothing says where, at the lender's place")


class AttemptOutcome(StrEnum):
    CLAIMED = "claimed"
    SENT = "sent"
    NOT_SENT = "not_sent"
    """Certainly never left the building, so it counts against no cap."""
    UNKNOWN = "unknown"
    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the person-wide attempt ledger, whoever made it and for whichever loan. asked_back: in it
    the person asked to be called again."""

    at: datetime
    channel: Channel
    outcome: AttemptOutcome
    loan_id: LoanId
    person_id: PersonId
    contact_point_id: ContactPointId
    inbound: bool = False
    asked_back: bool = False


class Action(StrEnum):
    """What a hold can stop."""

    MESSAGE = "message"
    CALL = "call"
    VISIT = "visit"
    LOCATE = "locate"
    LEGAL = "legal"
    FEES = "fees"
    """Interest and fees for being late."""
    RECOVERY = "recovery"
    """Taking the vehicle."""
    BUREAU = "bureau"
    """Telling a credit bureau."""


class HoldReason(StrEnum):
    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    BANKRUPTCY = "bankruptcy"
    MILITARY_SERVICE = "military_service"
    BREATHING_SPACE = "breathing_space"
    DEATH = "death"
    COMPLAINT = "complaint"
    DISASTER = "disaster"
    PAYMENT_PLAN = "payment_plan"
    OPERATOR = "operator"


class AskedBy(StrEnum):
    """At whose wish a hold stands."""

    BORROWER = "borrower"
    OTHER_PARTY = "other_party"
    """Somebody else on the loan."""
    REPRESENTATIVE = "representative"
    """An attorney, a debt adviser, an executor."""
    COURT = "court"
    AUTHORITY = "authority"
    LENDER = "lender"


@dataclass(frozen=True, slots=True)
class Hold:
    """stops: what whoever placed it added to what the law packs say for the reason. until: None means until
    lifted. source: opaque id of the paper, recording or task behind it. asked_by: None where nobody said."""

    id: str
    reason: HoldReason
    since: datetime
    until: datetime | None
    stops: frozenset[Action] = frozenset()
    source: str = ""
    asked_by: AskedBy | None = None


class PromiseState(StrEnum):
    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Promise:
    id: str
    made_at: datetime
    amount_minor: int
    due_on: date
    state: PromiseState


class StepOutcome(StrEnum):
    OPEN = "open"
    """A person works on it."""
    DONE = "done"
    DECLINED = "declined"
    """A person said no (for example the approver of a handover)."""
    NOT_SENT = "not_sent"
    """It certainly never left, though that was in doubt: due again, and no try is counted."""
    RETRY = "retry"
    """Nobody was reached; the ladder may try again."""
    REFUSED = "refused"
    """The gate said no; the code and the next opening are in the record."""
    UNABLE = "unable"
    """It cannot be done at all (no consent, no contact point, provider gone); the fallback takes over."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What became of one try of a ladder step. `by` is the actor's opaque id, where a person did it; `person`
    whose id that is, where the actor's token tells."""

    step_id: str
    outcome: StepOutcome
    at: datetime
    code: str | None = None
    opens_at: datetime | None = None
    by: str | None = None
    person: str | None = None

    @property
    def done_by(self) -> str | None:
        """Of two records with the same answer one person did both, under whatever token."""
        return self.person or self.by


@dataclass(frozen=True, slots=True)
class Notice:
    """One that was given: the kind of template, when, and how many days past due the debt was at least.
    earlier: in an earlier default of the same debt. by_post: `at` is when it was handed over for the post."""

    template: str
    at: datetime
    dpd: int
    earlier: bool = False
    by_post: bool = False


@dataclass(frozen=True, slots=True)
class OpenTask:
    id: TaskId
    step_id: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Case:
    id: CaseId
    loan_id: LoanId
    episode: int
    opened_at: datetime
    stage: Stage
    closed_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything `decide` and `gate` may look at.

    parties: empty while master data is missing. locate_basis: why the vehicle may be located ("consent",
    ...), None when there is none. facts_seen: the highest fact id folded in. earlier_episodes: when the
    loan's earlier cases were opened, oldest first. agreements: of this case, without those declined or
    cancelled. proofs: of the loan, besides the account's payments. last_due_on: the last due date of the loan
    that is known. earlier_notices: of its earlier cases. price_minor: the whole price, where it was sold in
    installments and the bank has told it. legal_due: deadlines of the legal action that run or were missed.
    disputes_due: of the loan, whatever case it was when they came in. legal_moves: of the legal action.
    """

    case: Case
    account: Account
    facts_seen: FactId
    lender_zone: str
    currency: str
    parties: tuple[Party, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    holds: tuple[Hold, ...] = ()
    promises: tuple[Promise, ...] = ()
    steps: tuple[StepRecord, ...] = ()
    tasks: tuple[OpenTask, ...] = ()
    locate_basis: str | None = None
    legal_concluded: bool = False
    earlier_episodes: tuple[datetime, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    proofs: tuple[Proof, ...] = ()
    last_due_on: date | None = None
    earlier_notices: tuple[Notice, ...] = ()
    price_minor: int | None = None
    legal_due: tuple[LegalDue, ...] = ()
    disputes_due: tuple[DisputeDue, ...] = ()
    legal_moves: tuple[LegalStand, ...] = ()

    def borrower(self) -> Party | None:
        return next((p for p in self.parties if p.role is PartyRole.BORROWER), None)

    def party(self, person_id: PersonId) -> Party | None:
        return next((p for p in self.parties if p.person_id == person_id), None)
