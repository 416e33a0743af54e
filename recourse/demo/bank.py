"""The core bank of the demo: publishes each event when business time reaches its day, disorder included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from consumers.connection import KafkaConnection
from recourse.app.publishing import publish_events
from recourse.contracts.events import Topics
from recourse.demo.book import POISON, START, Dated
from recourse.domain.calendar import BusinessCalendar

_POISON_DAY = 1.0


def day_of(calendar: BusinessCalendar) -> float:
    """Days since the start of the demo, in business time."""
    return (calendar.business(datetime.now(UTC)) - START).total_seconds() / 86_400


def seconds_a_day(calendar: BusinessCalendar) -> float:
    """Real ones of a business day."""
    return 86_400 / calendar.scale


@dataclass
class Bank:
    """book: what happens by itself. payments: by loan, what is paid because it was promised."""

    connection: KafkaConnection
    topics: Topics
    calendar: BusinessCalendar
    book: Sequence[Dated]
    payments: Callable[[], Mapping[str, Dated]]
    done: bool = False
    """Nothing more will be published, but for promises that people still make."""

    async def play(self) -> None:
        """Until cancelled."""
        waiting = sorted(self.book, key=lambda dated: dated.day)
        poisoned, paid = False, set[str]()
        while True:
            today = day_of(self.calendar)
            due = [dated for dated in waiting if dated.day <= today]
            waiting = waiting[len(due) :]
            kept = {
                loan_id: payment
                for loan_id, payment in self.payments().items()
                if loan_id not in paid and payment.day <= today
            }
            paid |= set(kept)
            if events := [dated.event for dated in (*due, *kept.values())]:
                await publish_events(self.connection, self.topics, events)
            if not poisoned and today >= _POISON_DAY:
                await _poison(self.connection, self.topics)
                poisoned = True
            self.done = poisoned and not waiting
            await asyncio.sleep(0.1)


async def _poison(connection: KafkaConnection, topics: Topics) -> None:
    attributes = {
        "specversion": "1.0",
        "id": "demo-poison",
        "source": "/demo/cn",
        "type": "bank.installment.overdue.v1",
        "subject": "DEMO-POISON",
        "time": START.isoformat(),
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    async with AIOKafkaProducer(**connection.options(), acks="all") as producer:
        for value in POISON:
            await producer.send_and_wait(topics.overdue, key=b"DEMO-POISON", value=value, headers=headers)
