"""A person asks us to contact him no more, on some channels or on all: said, written, or sent as a text.

It holds for all his loans and all his contact points, and it never expires. What the bank lists does not undo
it: a list has no day and may be older than the request. What does is a consent that the person gave anew, for
that channel on that contact point, with its day and proof (`recourse.service.consenting`); nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from recourse.contracts.messages import Nudge
from recourse.domain.consents import CEASE
from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.situation import Channel, PartyRole
from recourse.service.context import Unit
from recourse.service.noting import RequestReused, Unknown, own_id, record
from recourse.storage import cases, consents, facts, people


@dataclass(frozen=True, slots=True)
class CeaseRequest:
    """Of one person, of everybody of a role on a loan, or of everybody on a contact point.

    source: the opaque id of where it can be read or heard (a letter, a recording, a text).
    """

    channels: frozenset[Channel]
    actor: str
    source: str
    person_id: PersonId | None = None
    loan_id: LoanId | None = None
    party: PartyRole = PartyRole.BORROWER
    contact_point_id: ContactPointId | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Ceased:
    """key: under which its facts stand in the log. people: whom it protects from now on."""

    key: str
    people: tuple[PersonId, ...]


async def cease(unit: Unit, request: CeaseRequest) -> tuple[Ceased, tuple[Nudge, ...]]:
    """Effective when this returns: every claim takes the same locks.

    Raises Unknown for a subject there is none of, RequestReused for a request id of another cease request.
    """
    protected = await _subjects(unit, request)
    key = f"cease-{request.request_id or uuid.uuid4().hex}"
    payload = {
        "channels": sorted(channel.value for channel in request.channels),
        "by": request.actor,
        "source": request.source,
        "of": _named(request),
    }
    return Ceased(key, tuple(protected)), await protect(unit, key, protected, payload)


async def protect(
    unit: Unit, key: str, protected: Sequence[PersonId], payload: dict[str, Any]
) -> tuple[Nudge, ...]:
    """A fact for each of these people, once however often it is asked for."""
    loans = await unit.lock_people(protected)
    first = await facts.payload_of(unit.tx, own_id(key, "1"))
    if first is not None:
        if first != payload:
            raise RequestReused("request_id: it stands for another request; choose a new one")
        return tuple(await cases.undelivered_of(unit.tx, {loan for each in loans.values() for loan in each}))
    nudges: dict[str, Nudge] = {}
    for number, person in enumerate(protected, 1):
        await people.stop_channels(unit.tx, person, payload["channels"])
        ending = consents.Ending(unit.now, CEASE, payload["source"], payload["by"])
        await consents.withdraw(unit.tx, person, payload["channels"], ending)
        event = own_id(key, str(number))
        named = loans[person], person, payload["by"]
        told = await record(unit, event, "cease", payload, *named, code=", ".join(payload["channels"]))
        nudges |= {nudge.case_id: nudge for nudge in told}
    return tuple(nudges[case_id] for case_id in sorted(nudges))


async def cease_of_person(
    unit: Unit, person_id: PersonId, channels: Iterable[Channel], actor: str, source: str
) -> tuple[Nudge, ...]:
    """What somebody said to us himself."""
    request = CeaseRequest(frozenset(channels), actor, source, person_id=person_id)
    return (await cease(unit, request))[1]


async def _subjects(unit: Unit, request: CeaseRequest) -> list[PersonId]:
    if request.person_id is not None:
        if not await people.is_known(unit.tx, request.person_id):
            raise Unknown("person: there is none of this id; see who is on a loan in its dossier")
        return [request.person_id]
    if request.contact_point_id is not None:
        found = await people.on_point(unit.tx, request.contact_point_id)
        where = "contact_point: nobody is reached at one of this id; see the dossier of the loan"
    else:
        found = await people.of_role(unit.tx, request.loan_id or LoanId(""), request.party.value)
        where = "loan: nobody of that role is on a loan of this id; list them with `recourse cases list`"
    if not found:
        raise Unknown(where)
    return sorted(found)


def _named(request: CeaseRequest) -> dict[str, str]:
    """Whom the request named, which tells it from another one under the same id."""
    if request.person_id is not None:
        return {"person": request.person_id}
    if request.contact_point_id is not None:
        return {"contact_point": request.contact_point_id}
    return {"loan": request.loan_id or "", "party": request.party.value}
