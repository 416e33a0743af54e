"""Which channels a person agreed to on a contact point: what the bank lists, and what has a proof.

A list has no day. So it counts until the person is known to have withdrawn, and from then on only what was
given later and is proved: the same for a withdrawal on one contact point and for a request to stop on all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recourse.domain.situation import Channel


class Way(StrEnum):
    """How somebody said so."""

    CONTRACT = "contract"
    LETTER = "letter"
    FORM = "form"
    APP = "app"
    CALL = "call"
    """On the telephone; the recording is the proof."""
    MESSAGE = "message"
    IN_PERSON = "in_person"


CEASE = "cease"
"""How a consent ended that a request to stop took away."""
NOT_STATED = "not_stated"
"""How one of the bank's ended that its newest snapshot does not state any more."""

OVERTAKEN = "overtaken"
"""How one is on record that is no later than a withdrawal or a request to stop that we knew of before it."""


@dataclass(frozen=True, slots=True)
class Consent:
    """given_at: None for what the bank merely listed. withdrawn_at: None while it is in force. withdrawn_way:
    a `Way`, or one of the three above."""

    channel: Channel
    given_at: datetime | None
    withdrawn_at: datetime | None = None
    withdrawn_way: str | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """On one contact point. channels: agreed to. proved: of them, those with a proof that is in force, newer
    than any withdrawal and any request to stop."""

    channels: frozenset[Channel]
    proved: frozenset[Channel]


def agreed(listed: frozenset[Channel], known: Iterable[Consent]) -> Agreed:
    """listed: by the bank's newest snapshot, without a day. known: all that there ever were on this point."""
    consents = tuple(known)
    proved = frozenset(c.channel for c in consents if c.withdrawn_at is None and c.given_at is not None)
    taken_back = {c.channel for c in consents if c.withdrawn_at is not None and c.withdrawn_way != NOT_STATED}
    return Agreed(listed - taken_back | proved, proved)


def overtaken(given_at: datetime, stops: Iterable[datetime]) -> datetime | None:
    """The last withdrawal or request to stop that came no earlier than the consent; None where it stands."""
    return max((stop for stop in stops if stop >= given_at), default=None)
