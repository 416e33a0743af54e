"""Request bodies of the API."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from recourse.domain.consents import Way
from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.rules import Disclosure
from recourse.domain.positions import LocationPurpose
from recourse.domain.proofs import BY_PEOPLE, ProofKind
from recourse.domain.restrictions import (
    InconvenientPlace,
    InconvenientTime,
    Represented,
    Restriction,
    Whereabouts,
)
from recourse.domain.situation import Action, AskedBy, Channel, HoldReason, PartyRole
from recourse.service.reserving import Result

Key = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]


def _clock(text: object) -> time:
    if not isinstance(text, str) or re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is None:
        raise ValueError("a local time like 08:30")
    return time.fromisoformat(text)


Clock = Annotated[
    time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})
]
"""Minutes, as a person says them; no seconds and no zone."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ClaimBody(Body):
    """request_id: repeat a call safely with the same id; a receipt is given once per id."""

    request_id: Key


class CompleteBody(ClaimBody):
    outcome: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    promise_minor: Annotated[int, Field(strict=True, gt=0, le=10**13)] | None = None
    promise_on: date | None = None


class LocationRequestBody(ClaimBody):
    """purpose: from the closed list. days: how long; left out for as long as the law packs allow."""

    purpose: LocationPurpose
    days: Annotated[int, Field(strict=True, ge=1, le=90)] | None = None


class EndBody(Body):
    """code: why, in one word."""

    code: Key


class HoldBody(Body):
    """On a loan or on a person, never both. source: the id of the letter, recording or task that it rests on.
    asked_by: at whose wish. stops: what it shall stop besides what the law says for the reason."""

    reason: HoldReason
    request_id: Key
    source: Key
    asked_by: AskedBy | None = None
    stops: frozenset[Action] = frozenset()
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


class RecoveryBody(ClaimBody):
    """agency: the actor of its token. days: how long the assignment lasts once another person approved it."""

    agency: Key
    purpose: Key = "recover_vehicle"
    days: Annotated[int, Field(strict=True, ge=1, le=30)] = 14


class DeclineBody(Body):
    """code: why; it stays on record."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class RecallAckBody(Body):
    """stopped: nobody of theirs goes on. too_late: the vehicle was taken before they heard of it."""

    outcome: Literal["stopped", "too_late"]


class TimeBody(Body):
    """weekdays: 1 Monday … 7 Sunday, every one when left out. begins, ends: local time of the person (HH:MM);
    an end that is not after the begin lies on the next day."""

    weekdays: Annotated[frozenset[int], Field(min_length=1)] = frozenset(range(1, 8))
    begins: Clock
    ends: Clock

    def restriction(self) -> InconvenientTime:
        return InconvenientTime(self.weekdays, self.begins, self.ends)


class PlaceBody(Body):
    """One contact point, or each that is home or work to the person."""

    contact_point_id: Key | None = None
    whereabouts: Whereabouts | None = None

    def restriction(self) -> InconvenientPlace:
        point = ContactPointId(self.contact_point_id) if self.contact_point_id else None
        return InconvenientPlace(point, self.whereabouts)


class AttorneyBody(Body):
    """attorney_id: who it is, where he is known."""

    attorney_id: Key | None = None

    def restriction(self) -> Represented:
        return Represented(PersonId(self.attorney_id) if self.attorney_id else None)


class RestrictionBody(Body):
    """What a person told us: an inconvenient time, an inconvenient place, or an attorney; one of the three.

    source: the id of the letter, recording or text that says so.
    """

    request_id: Key
    source: Key
    person_id: Key
    inconvenient_time: TimeBody | None = None
    inconvenient_place: PlaceBody | None = None
    represented: AttorneyBody | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> RestrictionBody:
        if len(self._said()) != 1:
            raise ValueError("inconvenient_time, inconvenient_place, represented: name exactly one")
        return self

    def _said(self) -> list[TimeBody | PlaceBody | AttorneyBody]:
        said = (self.inconvenient_time, self.inconvenient_place, self.represented)
        return [one for one in said if one is not None]

    def restriction(self) -> Restriction:
        return self._said()[0].restriction()


class AttemptBody(Body):
    """A contact about to be made, or a conversation that the person began (`inbound`). says: what about.

    request_id: repeat a call safely with the same id; another contact needs another.
    """

    request_id: Key
    loan_id: Key
    person_id: Key
    contact_point_id: Key
    channel: Channel
    says: Disclosure = Disclosure.DEBT
    inbound: bool = False


class OutcomeBody(Body):
    """not_made: certainly never dialled nor sent."""

    outcome: Result


class WithdrawBody(Body):
    """source: the id of the letter, recording or text by which the person takes it back."""

    source: Key


class ProofBody(Body):
    """kind: what the paper proves. on: the day, at the lender's place, on which it was signed for, arrived,
    came back or was printed. evidence: the id of the paper, where it is kept. document: the number of the
    letter of ours that it is about."""

    request_id: Key
    loan_id: Key
    kind: ProofKind
    on: date
    evidence: Key
    document: Key | None = None

    @field_validator("kind")
    @classmethod
    def _on_paper(cls, kind: ProofKind) -> ProofKind:
        if kind not in BY_PEOPLE:
            raise ValueError(f"one of {', '.join(BY_PEOPLE)}; all else follows from what is on record")
        return kind


class ConsentBody(Body):
    """What a person said about one channel on one contact point. at: when he said it, with an offset; now
    when left out. source: the id of the paper or recording that says so."""

    request_id: Key
    source: Key
    person_id: Key
    contact_point_id: Key
    channel: Channel
    way: Way
    at: AwareDatetime | None = None


Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z_]+$")]
