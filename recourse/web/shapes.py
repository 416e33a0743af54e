"""Request bodies of the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from recourse.domain.situation import Channel, HoldReason, PartyRole

Key = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClaimBody(Body):
    """request_id: repeat a call safely with the same id; a receipt is given once per id."""

    request_id: Key


class CompleteBody(ClaimBody):
    outcome: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    promise_minor: Annotated[int, Field(strict=True, gt=0, le=10**13)] | None = None
    promise_on: date | None = None


class HoldBody(Body):
    """On a loan or on a person, never both."""

    reason: HoldReason
    request_id: Key
    loan_id: Key | None = None
    person_id: Key | None = None
    until: datetime | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> HoldBody:
        if (self.loan_id is None) == (self.person_id is None):
            raise ValueError("loan_id, person_id: name exactly one")
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError("until: needs an offset")
        return self


class CeaseBody(Body):
    """Of a person, of everybody of a role on a loan, or of everybody on a contact point; of one of the three.

    channels: all of them when left out. source: the id of the letter, recording or text that says so.
    """

    request_id: Key
    source: Key
    person_id: Key | None = None
    loan_id: Key | None = None
    party: PartyRole = PartyRole.BORROWER
    contact_point_id: Key | None = None
    channels: Annotated[frozenset[Channel], Field(min_length=1)] = frozenset(Channel)

    @model_validator(mode="after")
    def _one_subject(self) -> CeaseBody:
        if [self.person_id, self.loan_id, self.contact_point_id].count(None) != 2:
            raise ValueError("person_id, loan_id, contact_point_id: name exactly one")
        return self


class RecallAckBody(Body):
    """stopped: nobody of theirs goes on. too_late: the vehicle was taken before they heard of it."""

    outcome: Literal["stopped", "too_late"]


class LegalStatusBody(BaseModel):
    """What the legal desk reports. Unknown extra fields are ignored: the desk is another house."""

    model_config = ConfigDict(extra="ignore")
    reference: Key
    status_id: Key
    status: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z_]+$")]
    occurred_at: AwareDatetime
