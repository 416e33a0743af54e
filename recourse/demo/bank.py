"""The core bank of the demo: publishes each event when business time reaches its day, disorder included."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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


async def play(
    connection: KafkaConnection, topics: Topics, book: Sequence[Dated], calendar: BusinessCalendar
) -> None:
    """Until the last event is published."""
    waiting = sorted(book, key=lambda dated: dated.day)
    poisoned = False
    while waiting or not poisoned:
        today = day_of(calendar)
        due = [dated.event for dated in waiting if dated.day <= today]
        if due:
            await publish_events(connection, topics, due)
            waiting = waiting[len(due) :]
        if not poisoned and today >= _POISON_DAY:
            await _poison(connection, topics)
            poisoned = True
        await asyncio.sleep(0.05)


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
