"""A person tells us when and where not to contact him, or that an attorney speaks for him; and takes it back.

It holds for all his loans. Other than a cease request it can be taken back by the person who said it, so each
has a key of its own, and its end has a source as its begin has.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from recourse.contracts.messages import Nudge
from recourse.domain.ids import PersonId
from recourse.domain.restrictions import (
    InconvenientPlace,
    InconvenientTime,
    Represented,
    Restriction,
    leaves_time,
)
from recourse.service.context import Unit
from recourse.service.noting import Pointless, RequestReused, Unknown, own_id, record
from recourse.storage import cases, people, restrictions
from recourse.storage.restrictions import RestrictionRow

NOBODY = "person: there is none of this id; see who is on a loan in its dossier"


@dataclass(frozen=True, slots=True)
class RestrictionRequest:
    """source: the opaque id of where it can be read or heard (a letter, a recording, a text)."""

    person_id: PersonId
    what: Restriction
    actor: str
    source: str
    request_id: str = ""


async def restrict(unit: Unit, request: RestrictionRequest) -> tuple[RestrictionRow, tuple[Nudge, ...]]:
    """Effective when this returns: every claim takes the same locks. Safe to repeat with the same request id;
    the answer then tells the state of now.

    Raises Unknown for a person, contact point or attorney there is none of, Pointless for what nobody can
    mean, RequestReused for a request id of another restriction.
    """
    loans = await unit.lock_person(request.person_id)
    key = f"restriction-{request.request_id or uuid.uuid4().hex}"
    before = await restrictions.get(unit.tx, key)
    new = RestrictionRow(key, request.person_id, request.what, request.actor, request.source, unit.now)
    if before is not None:
        same = ("person_id", "what", "noted_by", "source")
        if any(getattr(before, name) != getattr(new, name) for name in same):
            raise RequestReused("request_id: it stands for another restriction; choose a new one")
        return before, tuple(await cases.undelivered_of(unit.tx, loans))
    if not await people.is_known(unit.tx, request.person_id):
        raise Unknown(NOBODY)
    await _check(unit, request)
    await restrictions.add(unit.tx, new)
    payload = {"restriction": key, "reason": new.kind.value, "by": request.actor, "source": request.source}
    event, person = own_id(key, "noted"), request.person_id
    return new, await record(unit, event, "restricted", payload, loans, person, request.actor)


async def withdraw(
    unit: Unit, key: str, actor: str, source: str, person_id: PersonId | None = None
) -> tuple[None, tuple[Nudge, ...]]:
    """source: where it can be read or heard that the person takes it back. Withdrawing twice is harmless.

    Raises Unknown for a restriction there is none of, or that is not of `person_id`.
    """
    row = await restrictions.get(unit.tx, key)
    if row is None or person_id not in {None, row.person_id}:
        raise Unknown("restriction: there is none of this id; list those of a person")
    loans, person_id = await unit.lock_person(row.person_id), row.person_id
    row = await restrictions.get(unit.tx, key) or row
    if row.withdrawn_at is not None:
        return None, tuple(await cases.undelivered_of(unit.tx, loans))
    await restrictions.withdraw(unit.tx, key, at=unit.now, by=actor, source=source)
    payload = {"restriction": key, "reason": row.kind.value, "by": actor, "source": source}
    event = own_id(key, "withdrawn")
    return None, await record(unit, event, "unrestricted", payload, loans, person_id, actor)


async def _check(unit: Unit, request: RestrictionRequest) -> None:
    match request.what:
        case InconvenientTime() as named:
            await _check_time(unit, request.person_id, named)
        case InconvenientPlace(contact_point_id=point, whereabouts=whereabouts):
            if (point is None) == (whereabouts is None):
                raise Pointless("place: name a contact point, or home or work; exactly one")
            if point is not None and request.person_id not in await people.on_point(unit.tx, point):
                raise Unknown("contact_point: this person is not reached at one of this id; see the dossier")
        case Represented(attorney=attorney):
            if attorney == request.person_id:
                raise Pointless("attorney: is the person himself, who would be left alone as both")
            if attorney is not None and not await people.is_known(unit.tx, attorney):
                raise Unknown("attorney: there is nobody of this id; leave it out, or see the dossier")


async def _check_time(unit: Unit, person_id: PersonId, new: InconvenientTime) -> None:
    """Who is never to be contacted has asked us to cease, which stands otherwise in the dossier."""
    if not new.weekdays or not new.weekdays <= set(range(1, 8)):
        raise Pointless("weekdays: 1 (Monday) to 7 (Sunday), at least one of them")
    known = (await restrictions.IN_FORCE.of(unit.tx, people=[person_id])).get(person_id)
    if not leaves_time((*(known.times if known else ()), new)):
        raise Pointless("time: no minute of the week would be left; note a cease request instead")
