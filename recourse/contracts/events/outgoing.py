"""What Recourse tells the bank and the data platform on `recourse.case-events`: no personal data, additive.

Delivery is at least once and in order per loan; `ce_id` is the deduplication key.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from recourse.contracts.events.codec import SPEC_VERSION
from recourse.contracts.events.models import Amount

SOURCE = "recourse"


class CaseEvent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    loan_id: str
    episode: int


class CaseOpened(CaseEvent):
    dpd: int
    bucket: str
    strategy: str


class CaseStageChanged(CaseEvent):
    stage: str
    was: str


class ContactMade(CaseEvent):
    step: str
    channel: str


class ContactRefused(CaseEvent):
    step: str
    channel: str
    code: str


class PromiseMade(CaseEvent):
    promise_id: str
    amount: Amount
    due_on: date


class PromiseJudged(CaseEvent):
    promise_id: str


class AgreedPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    due_on: date
    amount: Amount


class AgreementApproved(CaseEvent):
    """What the bank is asked to book, or to expect. kind: payment_plan, settlement, extension, restructure or
    waiver. parts: what the borrower pays by when. gives_up: what is waived, at once (waiver; `waived` says of
    what) or once the parts are paid (settlement). installments: how many move to the end (extension), or
    the new schedule has (restructure), which is for `amount` from `first_due_on` on."""

    agreement_id: str
    kind: str
    parts: tuple[AgreedPart, ...] = ()
    gives_up: Amount | None = None
    waived: str | None = None
    installments: int | None = None
    amount: Amount | None = None
    first_due_on: date | None = None


class AgreementJudged(CaseEvent):
    agreement_id: str


class AgreementCancelled(CaseEvent):
    """code: not_booked, why the case ended, or the reason a person gave."""

    agreement_id: str
    code: str


class VehicleLocated(CaseEvent):
    """quality: fresh, stale, carried_over or invalid; never where."""

    quality: str


class AccelerationReviewed(CaseEvent):
    """decision: `accelerate` asks the bank to call the whole debt due; `reject` leaves it as it is."""

    step: str
    task_id: str
    decision: str


class LegalHandedOver(CaseEvent):
    reference: str


class LegalRecalled(CaseEvent):
    """The desk has given the file back. reason: why it was asked to, as a code."""

    reference: str
    reason: str


class LegalMoved(CaseEvent):
    """A move of the legal action was made. move, track, state: as in the procedure of the country. on: the
    day it happened, at the lender's place. means: suit, called_off or concluded; None where it is none of
    them. planned_for: of a planned sale its day, or the day after which it is held."""

    move: str
    track: str
    state: str
    on: date
    means: str | None = None
    planned_for: date | None = None


class LegalAmount(CaseEvent):
    """A cost of the legal action, or what it brought. entry_id: of this line. reverses: the line that was a
    mistake, which counts for nothing from now on, nor does this one."""

    entry_id: str
    kind: str
    amount: Amount
    on: date
    proof: str
    reverses: str | None = None


class HoldSet(CaseEvent):
    """A hold is in force on the loan, or goes on with another scope or end. stops: what this one stops.
    stopped: what any hold stops on the loan now; whoever heeds this list alone does right. until: None for
    until lifted. episode: of the loan's last case, 0 where it never had one."""

    hold_id: str
    reason: str
    stops: tuple[str, ...]
    stopped: tuple[str, ...]
    until: AwareDatetime | None = None


class HoldEnded(CaseEvent):
    """code: lifted, expired, or party_left where the person is on the loan no more. resumes: what may go on,
    since no other hold stops it. stopped: what others stop still."""

    hold_id: str
    reason: str
    code: str
    resumes: tuple[str, ...]
    stopped: tuple[str, ...]


class CaseClosed(CaseEvent):
    reason: str


CASE_MODELS: dict[str, type[CaseEvent]] = {
    "recourse.case.opened.v1": CaseOpened,
    "recourse.case.stage_changed.v1": CaseStageChanged,
    "recourse.contact.made.v1": ContactMade,
    "recourse.contact.refused.v1": ContactRefused,
    "recourse.promise.made.v1": PromiseMade,
    "recourse.promise.kept.v1": PromiseJudged,
    "recourse.promise.broken.v1": PromiseJudged,
    "recourse.agreement.approved.v1": AgreementApproved,
    "recourse.agreement.kept.v1": AgreementJudged,
    "recourse.agreement.broken.v1": AgreementJudged,
    "recourse.agreement.reopened.v1": AgreementJudged,
    "recourse.agreement.cancelled.v1": AgreementCancelled,
    "recourse.vehicle.located.v1": VehicleLocated,
    "recourse.acceleration.reviewed.v1": AccelerationReviewed,
    "recourse.legal.handed_over.v1": LegalHandedOver,
    "recourse.legal.recalled.v1": LegalRecalled,
    "recourse.legal.moved.v1": LegalMoved,
    "recourse.legal.amount.v1": LegalAmount,
    "recourse.hold.set.v1": HoldSet,
    "recourse.hold.ended.v1": HoldEnded,
    "recourse.case.closed.v1": CaseClosed,
}


def encode_case_event(
    event_id: str, type_: str, loan_id: str, occurred_at: str, data: dict[str, Any]
) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """(key, value, headers) in binary mode. Raises ValidationError for data that breaks the contract."""
    body = CASE_MODELS[type_].model_validate(data).model_dump(mode="json")
    headers = [
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", type_.encode()),
        ("ce_subject", loan_id.encode()),
        ("ce_time", occurred_at.encode()),
        ("content-type", b"application/json"),
    ]
    return loan_id.encode(), json.dumps(body, separators=(",", ":")).encode(), headers
