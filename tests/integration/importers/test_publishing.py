"""A book played on a real broker: the right topics, keys and order, in business time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumers.connection import KafkaConnection
from recourse.app.publishing import publish_as_due
from recourse.contracts.events import Topics, decode, topic_for
from recourse.domain.calendar import BusinessCalendar
from recourse.importers.metro2 import Origin, read, read_book
from recourse.stack import StackAddresses, environment
from tests.unit.importers.lines import base, book_of

PROFILES = ("210000", "100000", "000100", "321000")


async def test_a_paced_book_reaches_its_topics_each_event_in_its_time(stack: StackAddresses) -> None:
    lines = [base(f"FICT-{n}", status="78", profile=p.ljust(24, "B")) for n, p in enumerate(PROFILES)]
    events = read_book(read(book_of(*lines)), Origin()).events
    topics = Topics().prefixed(f"m{uuid.uuid4().hex[:8]}.")
    await _create(stack.kafka_brokers, topics)
    span = events[-1].occurred_at - events[0].occurred_at
    start = datetime.now(UTC)
    calendar = BusinessCalendar(start, events[0].occurred_at, scale=int(span / timedelta(seconds=3)))
    published = 0

    def count(more: int) -> None:
        nonlocal published
        published += more

    await publish_as_due(KafkaConnection(stack.kafka_brokers), topics, events, calendar, count)
    took = datetime.now(UTC) - start
    assert published == len(events)
    assert took >= timedelta(seconds=2.9)
    seen = await _all(stack.kafka_brokers, topics, len(events))
    assert {id_ for id_, *_ in seen} == {event.event_id for event in events}
    for event in events:
        topic, at = next((topic, at) for id_, topic, at in seen if id_ == event.event_id)
        assert topic == topic_for(event.type, topics)
        assert at >= calendar.real(event.occurred_at) - timedelta(milliseconds=2)


@pytest.mark.parametrize("options", [(), ("--pace",)])
async def test_the_command_publishes_the_whole_book(
    stack: StackAddresses, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """With --pace the book lies in the past of the calendar, so that it comes at once there too."""
    file, topics = tmp_path / "book.txt", Topics().prefixed(f"m{uuid.uuid4().hex[:8]}.")
    lines = [base(f"FICT-{n}", status="78", profile=p.ljust(24, "B")) for n, p in enumerate(PROFILES)]
    file.write_bytes(book_of(*lines, "UNPARSEABLE").getvalue())
    await _create(stack.kafka_brokers, topics)
    names = {"LOANS": topics.loans, "OVERDUE": topics.overdue, "PAYMENTS": topics.payments}
    env = {
        **os.environ,
        **environment(stack),
        **{f"RECOURSE_TOPICS__{name}": topic for name, topic in names.items()},
    }
    command = [sys.executable, "-m", "recourse.cli", "import", "metro2", str(file), "--json", *options]
    process = await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE)
    stdout, _ = await process.communicate()
    facts = json.loads(stdout)
    assert process.returncode == 1  # one record is unparseable; the others are published all the same
    assert (facts["imported"], facts["unparseable"], facts["done"]) == (len(PROFILES), 1, "published")
    seen = await _all(stack.kafka_brokers, topics, sum(facts["events"].values()))
    assert len(seen) == len({id_ for id_, *_ in seen}) == sum(facts["events"].values())


async def _create(brokers: str, topics: Topics) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 2, 1) for topic in topics.incoming()])
    await admin.close()


async def _all(brokers: str, topics: Topics, wanted: int) -> list[tuple[str, str, datetime]]:
    """[(event id, topic, when the producer made the record)]; the key is checked by decoding."""
    consumer = AIOKafkaConsumer(
        *topics.incoming(), bootstrap_servers=brokers, auto_offset_reset="earliest", group_id=None
    )
    found: list[tuple[str, str, datetime]] = []
    async with consumer:
        while len(found) < wanted:
            batch = await consumer.getmany(timeout_ms=10_000)
            assert batch, f"only {len(found)} of {wanted} events are on the broker"
            for record in (record for records in batch.values() for record in records):
                event = decode(record.key, record.value, record.headers)
                at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
                found.append((event.event_id, record.topic, at))
    return found
