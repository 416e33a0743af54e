"""What the gate answers, and what it is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.rule import Mark
from recourse.domain.law.rules import Disclosure
from recourse.domain.positions import LocationRequest
from recourse.domain.situation import Action, Channel, Notice


class RefusalCode(StrEnum):
    CASE_CLOSED = "case_closed"
    NOTHING_OVERDUE = "nothing_overdue"
    ARREARS_UNCERTAIN = "arrears_uncertain"
    MASTER_DATA_MISSING = "master_data_missing"
    NO_LAW_PACK = "no_law_pack"
    HOLD = "hold"
    AGREEMENT_IN_FORCE = "agreement_in_force"
    PROMISE_PENDING = "promise_pending"
    PARTY_NOT_PERMITTED = "party_not_permitted"
    MAY_NOT_BE_TOLD = "may_not_be_told"
    BORROWER_REACHABLE = "borrower_reachable"
    CEASED = "ceased"
    NO_CONTACT_POINT = "no_contact_point"
    NO_CONSENT = "no_consent"
    REPRESENTED = "represented"
    INCONVENIENT_PLACE = "inconvenient_place"
    OUTSIDE_HOURS = "outside_hours"
    REST_DAY = "rest_day"
    INCONVENIENT_TIME = "inconvenient_time"
    CAP_REACHED = "cap_reached"
    CONVERSATION_WAIT = "conversation_wait"
    NO_LAWFUL_BASIS = "no_lawful_basis"
    PURPOSE_NOT_PERMITTED = "purpose_not_permitted"
    LOCATION_NOT_REQUESTED = "location_not_requested"
    LOCATION_REQUEST_ENDED = "location_request_ended"
    STEP_MISSING = "step_missing"
    NOTICE_MISSING = "notice_missing"
    NOTICE_RUNNING = "notice_running"
    TOO_LITTLE_UNPAID = "too_little_unpaid"
    NOT_APPROVED = "not_approved"
    APPROVER_IS_REQUESTER = "approver_is_requester"


@dataclass(frozen=True, slots=True)
class ContactEffect:
    """One contact with one person on one contact point. says: what it is about."""

    channel: Channel
    person_id: PersonId
    contact_point_id: ContactPointId
    says: Disclosure = Disclosure.DEBT


@dataclass(frozen=True, slots=True)
class LocateEffect:
    """Reading the vehicle's position, for a stated purpose."""

    purpose: str
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadPositionEffect:
    """One reading under a request, or looking at what was read under it. request: None where there is none
    for this case and purpose."""

    purpose: str
    request: LocationRequest | None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccelerationEffect:
    """Asking for the whole debt at once. requires: ladder steps that must stand behind it. notices: all that
    were given in this case and before it."""

    requires: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class HandoverEffect:
    """Giving the file to the legal desk. proposal, approval: the ladder steps that must stand behind it.
    notices: all that were given in this case."""

    proposal: str
    approval: str
    requires: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class RecoveryEffect:
    """Sending somebody to take the vehicle.

    requires: the notices that must stand behind it. wait_days: days from the last of them. proposed_by,
    approved_by: the two persons who stand behind it. notices: all that were given in this case.
    """

    requires: tuple[str, ...]
    wait_days: int
    proposed_by: str
    approved_by: str
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class SaleEffect:
    """Selling the vehicle that was taken or given back. notices: all that were given in this case and in its
    legal action."""

    notices: tuple[Notice, ...] = ()


Effect = (
    ContactEffect
    | LocateEffect
    | ReadPositionEffect
    | AccelerationEffect
    | HandoverEffect
    | RecoveryEffect
    | SaleEffect
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """checked: every rule that was asked, in order, so that it can be shown why it was allowed."""

    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """opens_at: when the same contact may be lawful again; None when time alone will not open it."""

    code: RefusalCode
    source: str
    opens_at: datetime | None = None
    detail: str = ""


Verdict = Allowed | Refused


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that was asked. question: what it is part of (debt, hours, caps ...). rule: its code. pack:
    the law pack it stands in, empty for a house rule. mark: how sure its source is."""

    question: str
    rule: str
    pack: str
    source: str
    refusal: Refused | None
    mark: Mark = Mark.HOUSE


def action_of(effect: Effect) -> Action:
    """What a hold would call the effect."""
    match effect:
        case LocateEffect() | ReadPositionEffect():
            return Action.LOCATE
        case AccelerationEffect() | HandoverEffect():
            return Action.LEGAL
        case RecoveryEffect() | SaleEffect():
            return Action.RECOVERY
        case ContactEffect(channel=channel):
            return action_by_channel(channel)


def action_by_channel(channel: Channel) -> Action:
    match channel:
        case Channel.CALL:
            return Action.CALL
        case Channel.VISIT:
            return Action.VISIT
        case Channel.EMAIL | Channel.SMS | Channel.LETTER:
            return Action.MESSAGE
