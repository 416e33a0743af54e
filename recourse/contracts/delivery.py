"""The seam between the Kafka consumer and the rest: accept → commit → nudge → mark delivered.

`recourse.delivery.Delivery` implements it for consumer, web, CLI and sweeper alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from recourse.contracts.events import BankEvent
from recourse.contracts.messages import Nudge


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What one transaction did with a batch of events.

    nudges: at most one a case, folded. refused: event id -> reason, for events that can never be accepted
    against what is stored (another currency, for example); their neighbours were accepted.
    """

    nudges: tuple[Nudge, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)


class Unavailable(Exception):
    """The database or the workflow engine cannot be used right now. Nothing is lost: try again later."""


class Unacceptable(Exception):
    """One event in the batch cannot be stored at all. Try them one by one to find which."""


class AcceptsFacts(Protocol):
    async def accept(self, events: Sequence[BankEvent]) -> Acceptance:
        """One transaction. Safe to repeat: an event id counts once, and what is undelivered comes back.

        Raises Unavailable (try again) or Unacceptable (one of them is poison).
        """
        ...

    async def nudge(self, nudge: Nudge) -> None:
        """Wake the case. Safe to repeat. Raises Unavailable."""
        ...

    async def mark_delivered(self, nudges: Sequence[Nudge]) -> None:
        """Only after `nudge` returned for each of them. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message of `recourse.case-events`. id rises in the order of the transactions' inserts per loan."""

    id: int
    loan_id: str
    event_id: str
    type: str
    occurred_at: str
    data: dict[str, object]


class Outbox(Protocol):
    async def pending(self, limit: int) -> Sequence[OutboxMessage]:
        """Oldest unpublished messages, in order. Raises Unavailable."""
        ...

    async def mark_published(self, ids: Sequence[int]) -> None:
        """Raises Unavailable."""
        ...

    async def lead(self) -> bool:
        """Try to become (or confirm to be) the only relay, by an advisory lock held by the connection.

        Raises Unavailable.
        """
        ...
