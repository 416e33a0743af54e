"""What goes on in a case beside its ladder: moves of its legal action, what runs out, what is disputed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class LegalDue:
    """A deadline of the legal action that no move has ended. whose: ours, court or debtor. warn_at, ends_at:
    when people are told, and the first moment after its last day."""

    id: str
    whose: str
    warn_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class LegalStand:
    """A move of the legal action, in their order. number: from 1. state: in which it left its track.
    planned_for: the day that was planned with it."""

    number: int
    code: str
    track: str
    state: str
    on: date
    planned_for: date | None = None


@dataclass(frozen=True, slots=True)
class DisputeDue:
    """A dispute of the loan that nobody has answered. ends_at: the first moment after the last day of the
    answer. told_until: the same of its acknowledgement; None where none is wanted, or it was given."""

    id: str
    kind: str
    opened_at: datetime
    ends_at: datetime
    told_until: datetime | None = None
