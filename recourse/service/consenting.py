"""A person agrees to a channel on a contact point, or takes it back; each time with when, how and the proof.

Consent given anew is the only thing that ends a request to stop, and only for its channel on its contact
point. It counts from the day the person gave it and not from the day we heard of it: one that is no later
than the request frees nothing, however late it is noted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain.consents import Way, overtaken
from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.situation import Channel
from recourse.service.context import Unit
from recourse.service.noting import LONGEST_HOLD, Pointless, RequestReused, Unknown, own_id, record
from recourse.storage import cases, consents, facts, people
from recourse.storage.consents import ConsentRow, Ending

GIVERS = ("lead", "legal")
"""As with holds: whoever works a case may note that protection was asked for; ending it is not his to do."""
NOTERS = ("agent", *GIVERS)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person said about one channel on one contact point. at: when he said it, business time; None for
    now. source: the opaque id of where it can be read or heard."""

    person_id: PersonId
    contact_point_id: ContactPointId
    channel: Channel
    way: Way
    source: str
    actor: str
    at: datetime | None = None
    request_id: str = ""


Noted = tuple[ConsentRow, tuple[Nudge, ...]]


async def give(unit: Unit, said: Statement) -> Noted:
    """In force when this returns. Safe to repeat with the same request id.

    Raises Unknown for a person or a contact point there is none of, Pointless for a day that lies ahead or
    that is no later than a withdrawal or a request to stop, RequestReused for a request id of another one.
    """
    loans, key = await _locked(unit, said), f"consent-{said.request_id or uuid.uuid4().hex}"
    event, payload = own_id(key, "given"), _payload(said)
    if await _said_before(unit, event, payload):
        return await _of_fact(unit, key, said), tuple(await cases.undelivered_of(unit.tx, loans))
    at = _when(unit, said)
    known = await consents.of_people(unit.tx, [said.person_id])
    stops = await consents.stops(unit.tx, known, said.person_id, said.contact_point_id, said.channel)
    if (stop := overtaken(at, stops)) is not None:
        raise Pointless(
            f"at: is no later than {stop.isoformat()}, when the person asked us to stop or took it back; "
            "only what he agreed to after it counts"
        )
    new = ConsentRow(key, said.person_id, said.contact_point_id, said.channel, said.actor, at)
    row = await consents.add(unit.tx, _proved(new, said))
    return row, await _note(unit, "consent_given", event, payload, loans, said)


async def withdraw(unit: Unit, said: Statement) -> Noted:
    """The same the other way round: what the bank merely listed ends with it too, until it is given anew."""
    loans, key = await _locked(unit, said), f"consent-{said.request_id or uuid.uuid4().hex}"
    event, payload = own_id(key, "withdrawn"), _payload(said)
    if await _said_before(unit, event, payload):
        return await _of_fact(unit, key, said), tuple(await cases.undelivered_of(unit.tx, loans))
    ending = Ending(_when(unit, said), said.way.value, said.source, said.actor)
    place = said.contact_point_id
    await consents.withdraw(unit.tx, said.person_id, [said.channel.value], ending, point=place)
    row = ConsentRow(
        key,
        said.person_id,
        place,
        said.channel,
        said.actor,
        withdrawn_at=ending.at,
        withdrawn_way=ending.way,
        withdrawn_source=ending.source,
        withdrawn_by=ending.by,
    )
    row = await consents.add(unit.tx, row)
    return row, await _note(unit, "consent_withdrawn", event, payload, loans, said)


def _proved(row: ConsentRow, said: Statement) -> ConsentRow:
    return replace(row, way=said.way.value, source=said.source)


async def _locked(unit: Unit, said: Statement) -> Sequence[LoanId]:
    loans = await unit.lock_person(said.person_id)
    if not await people.is_known(unit.tx, said.person_id):
        raise Unknown("person: there is none of this id; see who is on a loan in its dossier")
    if said.person_id not in await people.on_point(unit.tx, said.contact_point_id):
        raise Unknown("contact_point: this person is not reached at one of this id; see the dossier")
    return loans


def _when(unit: Unit, said: Statement) -> datetime:
    at = said.at or unit.now
    if at > unit.now:
        raise Pointless("at: lies ahead; nobody has said it yet")
    if at < unit.now - 5 * LONGEST_HOLD:
        raise Pointless("at: lies more than fifty years back")
    return at


def _payload(said: Statement) -> dict[str, Any]:
    return {
        "contact_point": said.contact_point_id,
        "channel": said.channel.value,
        "way": said.way.value,
        "source": said.source,
        "by": said.actor,
        "at": said.at.isoformat() if said.at is not None else None,
        "reason": said.channel.value,
    }


async def _said_before(unit: Unit, event: str, payload: dict[str, Any]) -> bool:
    before = await facts.payload_of(unit.tx, event)
    if before is not None and before != payload:
        raise RequestReused("request_id: it stands for another consent; choose a new one")
    return before is not None


async def _of_fact(unit: Unit, key: str, said: Statement) -> ConsentRow:
    """Of two requests with the same proof the second has no row of its own."""
    rows = await consents.of_people(unit.tx, [said.person_id])
    place = said.contact_point_id, said.channel
    mine = [row for row in rows if (row.contact_point_id, row.channel) == place]
    return next((row for row in mine if row.id == key), mine[-1])


async def _note(
    unit: Unit, kind: str, event: str, payload: dict[str, Any], loans: Sequence[LoanId], said: Statement
) -> tuple[Nudge, ...]:
    return await record(unit, event, kind, payload, loans, said.person_id, said.actor)
