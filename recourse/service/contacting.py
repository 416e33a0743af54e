"""How long the gate's yes to a contact may be relied upon, and how it is asked again before one begins.

Between the yes and the contact hours may end, and a hold, a payment or a conversation may come.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from recourse.domain.law.openings import openings
from recourse.domain.law.verdict import ContactEffect
from recourse.domain.situation import Attempt, AttemptOutcome, Channel
from recourse.service.context import Unit
from recourse.service.deciding import Deliberation
from recourse.storage import attempts
from recourse.storage.situation import Gathered

NOT_MADE = "not_made"
"""How a slot ended under which certainly nothing was dialled nor sent."""
BY_A_MACHINE = timedelta(minutes=5)
"""A dialler dials at once."""
BY_PEOPLE = timedelta(minutes=15)
"""Somebody reads the file before he dials."""
TO_THE_DOOR = timedelta(hours=4)
"""A visit is claimed before the way. Who has arrived claims it again, which asks the gate once more."""


def by_people(channel: Channel) -> timedelta:
    return TO_THE_DOOR if channel is Channel.VISIT else BY_PEOPLE


def begin_by(d: Deliberation, effect: ContactEffect, since: datetime, within: timedelta) -> datetime:
    """Until when a contact that was permitted at `since` has to begin: not beyond what was lawful then."""
    party = d.gathered.situation.party(effect.person_id)
    window = openings(d.rules.packs, effect.channel, party).window(since) if party else None
    return min(since + within, window[1]) if window else since


async def unused(unit: Unit, key: str | None) -> Attempt | None:
    """A slot of which nobody has said yet what became of it."""
    slot = await attempts.line(unit.tx, key) if key is not None else None
    return slot if slot is not None and slot.outcome is AttemptOutcome.CLAIMED else None


async def give_back(unit: Unit, key: str) -> None:
    """Nothing was begun under it, by the word of who has it."""
    await attempts.finish(unit.tx, key, AttemptOutcome.NOT_SENT, disposition=NOT_MADE)


def without(gathered: Gathered, slot: Attempt) -> Gathered:
    """The case as if the slot were free: one that is asked about again must not stand in its own way."""
    s = gathered.situation
    return replace(gathered, situation=replace(s, attempts=tuple(a for a in s.attempts if a != slot)))
