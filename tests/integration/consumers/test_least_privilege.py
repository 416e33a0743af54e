"""A broker that permits nothing unasked: with the access list every process does its work, and without any
line of it one of them does not."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from consumers.acls import PROCESSES, Acl, acls
from consumers.connection import KafkaConnection
from consumers.dead_letter import PREFIX
from consumers.quarantine import DeadLetter, Quarantine
from recourse.app import doctor_kafka
from recourse.app.consume import run_consumer
from recourse.app.publishing import create_topics, publish_events
from recourse.app.relay import run_relay
from recourse.app.settings import Settings
from recourse.contracts.events import Topics
from recourse.domain.privacy.key_ring import KeyRing
from recourse.stack import StackAddresses, process
from recourse.stack.ports import HOST, choose
from recourse.stack.probes import until_ready
from recourse.stack.servers.component import Folders, Options
from recourse.stack.servers.kafka import Kafka
from tests.cli.conftest import NOON
from tests.emptied import as_login
from tests.events import overdue, payment, snapshot
from tests.integration.conftest import World
from tests.integration.consumers.conftest import LIMITS, until

MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
TOPICS, GROUP = Topics(), "recourse"
FED, FEED_GROUP = Topics(positions="traccar.positions"), "recourse-positions"
"""With a feed of positions, which not everybody has."""
ACLS = [
    *acls(TOPICS, GROUP),
    *(one for one in acls(FED, GROUP, FEED_GROUP) if one.process == "positions"),
]
LISTED = sorted({one.process for one in ACLS})
KINDS = {"topic": 2, "group": 3}
OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8}
LITERAL, ALLOW = 3, 3
"""Numbers of Kafka's protocol."""
SETTLE = 10.0
"""Seconds for a change of the list to be known to the broker."""


def _of_protocol(one: Acl) -> tuple[Any, ...]:
    kind, operation = KINDS[one.resource.value], OPERATIONS[one.operation.value]
    return kind, one.name, LITERAL, f"User:recourse-{one.process}", "*", operation, ALLOW


@dataclass
class Guarded:
    """A broker with an authorizer. Only `admin` is above its list, and only used to set up."""

    brokers: str

    def as_(self, name: str) -> KafkaConnection:
        user = "admin" if name == "admin" else f"recourse-{name}"
        return KafkaConnection(self.brokers, "SASL_PLAINTEXT", "PLAIN", user, f"of-{user}")

    def settings(self, name: str, database_url: str = "postgresql+asyncpg://x@127.0.0.1:1/x") -> Settings:
        me = self.as_(name)
        return Settings(
            _env_file=None,
            database_url=database_url,
            kafka_brokers=me.brokers,
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_username=me.username,
            kafka_password=me.password,
            consumer_group=GROUP,
            temporal_keys="plain",
            privacy_keys=KeyRing.new("test").text(),
        )

    async def allow(self, wanted: Iterable[Acl]) -> None:
        await self._change([CreateAclsRequest(*_of_protocol(one)) for one in wanted])

    async def forbid(self, one: Acl) -> None:
        await self._change([DeleteAclsRequest(*_of_protocol(one))])

    async def _change(self, requests: list[Any]) -> None:
        admin = AIOKafkaAdminClient(**self.as_("admin").options())
        await admin.start()
        try:
            for request in requests:
                answer = await admin._send_request(request)
                told = getattr(answer, "creation_responses", None) or answer.filter_responses
                assert [each[0] for each in told] == [0], told
        finally:
            await admin.close()


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """Nothing is allowed there yet."""
    folder = tmp_path_factory.mktemp("guarded")
    # The third is any free port, for the listener that the embedded broker does not have.
    ports = choose(["kafka", "kafka_controller", "api"], preferred=False)
    plain, outer = f"PLAINTEXT://{HOST}:{ports['kafka']}", f"SASL_PLAINTEXT://{HOST}:{ports['api']}"
    users = ["admin", *(f"recourse-{name}" for name in PROCESSES)]
    logins = " ".join(f'user_{user}="of-{user}"' for user in users)
    launch = await (await Kafka().find()).prepare(
        ports,
        Folders(folder / "data", folder / "logs"),
        Options(fast=True),
        {
            "listeners": f"{plain},{outer},CONTROLLER://{HOST}:{ports['kafka_controller']}",
            "advertised.listeners": f"{plain},{outer}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
            "SASL_PLAINTEXT:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config": f"{MODULE} required {logins};",
            "authorizer.class.name": AUTHORIZER,
            # The broker itself speaks on the inner listeners, without a name.
            "super.users": "User:admin;User:ANONYMOUS",
            "auto.create.topics.enable": "false",
        },
    )
    child = await process.start("kafka", launch, folder / "logs" / "kafka.log")
    try:
        inner = StackAddresses(kafka_brokers=f"{HOST}:{ports['kafka']}")
        await until_ready("kafka", inner, seconds=90, dead=child.has_ended)
        guarded = Guarded(f"{HOST}:{ports['api']}")
        await create_topics(guarded.as_("admin"), TOPICS, partitions=1)
        admin = AIOKafkaAdminClient(**guarded.as_("admin").options())
        await admin.start()
        try:
            names = (FED.positions, FED.dead_letters(FED.positions))
            await admin.create_topics([NewTopic(name, 1, 1) for name in names])
        finally:
            await admin.close()
        yield guarded
    finally:
        await child.stop()


@pytest.fixture
async def allowed(broker: Guarded) -> Guarded:
    """All of the list and nothing else."""
    await broker.allow(ACLS)
    return broker


_offsets = itertools.count(1000)

# Each process's work, in short; a probe raises KafkaError or answers False when it may not do some of it.


async def _sends(broker: Guarded, name: str, topics: Iterable[str]) -> bool:
    options = broker.as_(name).options() | {"request_timeout_ms": 5000}
    producer = AIOKafkaProducer(**options, enable_idempotence=True)
    await producer.start()
    try:
        for topic in topics:
            await asyncio.wait_for(producer.send_and_wait(topic, b"{}", key=b"L-1"), 10)
    finally:
        await producer.stop()
    return True


async def _takes(broker: Guarded, name: str, topics: tuple[str, ...], group: str) -> bool:
    """Its topics are read, its offsets committed, its letters written."""
    options = broker.as_(name).options() | {"auto_offset_reset": "earliest", "enable_auto_commit": False}
    consumer = AIOKafkaConsumer(**options, group_id=group)
    await consumer.start()
    try:
        if not set(topics) <= await consumer.topics():
            return False  # asked all the same, the driver would look for the topic without a pause
        every = [TopicPartition(topic, 0) for topic in topics]
        consumer.assign(every)
        await consumer.seek_to_beginning(*every)
        seen: set[str] = set()
        for _ in range(20):
            got = await consumer.getmany(timeout_ms=500)
            seen |= {tp.topic for tp, records in got.items() if records}
            if seen == set(topics):
                break
        await consumer.commit(dict.fromkeys(every, 1))
    finally:
        await consumer.stop()
    await _letters(broker, name, topics)
    return seen == set(topics)


async def consume(broker: Guarded) -> bool:
    return await _takes(broker, "consume", TOPICS.incoming(), GROUP)


async def positions(broker: Guarded) -> bool:
    return await _takes(broker, "positions", (FED.positions,), FEED_GROUP)


async def relay(broker: Guarded) -> bool:
    return await _sends(broker, "relay", [TOPICS.case_events])


async def publish(broker: Guarded) -> bool:
    events = [snapshot("L-1", at=NOON), overdue("L-1", at=NOON), payment("L-1", at=NOON)]
    await asyncio.wait_for(publish_events(broker.as_("publish"), TOPICS, events), 15)
    return True


async def _letters(broker: Guarded, name: str = "admin", topics: tuple[str, ...] = TOPICS.incoming()) -> None:
    """One more in each of the topics, as the consumers write them."""
    producer = AIOKafkaProducer(**broker.as_(name).options() | {"request_timeout_ms": 5000})
    await producer.start()
    try:
        for topic in topics:
            own = {"topic": topic, "partition": "0", "offset": str(next(_offsets)), "code": "undecodable"}
            headers = [(PREFIX + key, text.encode()) for key, text in own.items()]
            sending = producer.send_and_wait(TOPICS.dead_letters(topic), b"{}", key=b"L-1", headers=headers)
            await asyncio.wait_for(sending, 10)
    finally:
        await producer.stop()


async def _open(broker: Guarded, name: str) -> list[DeadLetter]:
    letters = await Quarantine(broker.as_(name), TOPICS).letters()
    return [one for one in letters if one.resolution is None]


async def dlq(broker: Guarded) -> bool:
    await _letters(broker)
    found = await _open(broker, "dlq")
    await asyncio.wait_for(Quarantine(broker.as_("dlq"), TOPICS).retry(found, "operator"), 15)
    return {one.topic for one in found} == set(TOPICS.incoming())


async def doctor(broker: Guarded) -> bool:
    settings = broker.settings("doctor")
    first = [one.says for one in await doctor_kafka.consuming(settings)]
    (letters,) = await doctor_kafka.refused(settings)
    there_are = len(await _open(broker, "admin"))
    return len(first) == 1 and "records behind" in first[0] and letters.says.startswith(f"{there_are} open")


PROBES: dict[str, Callable[[Guarded], Awaitable[bool]]] = {
    "consume": consume,
    "positions": positions,
    "relay": relay,
    "publish": publish,
    "dlq": dlq,
    "doctor": doctor,
}


async def works(broker: Guarded, name: str) -> bool:
    try:
        return await PROBES[name](broker)
    except (KafkaError, TimeoutError):
        return False


async def comes_to(broker: Guarded, name: str, wanted: bool) -> bool:
    """Within the time that a change of the list takes."""
    ends = asyncio.get_running_loop().time() + SETTLE
    while await works(broker, name) is not wanted:
        if asyncio.get_running_loop().time() > ends:
            return False
    return True


async def test_with_exactly_the_list_an_event_comes_in_a_letter_is_retried_and_a_message_goes_out(
    allowed: Guarded, world: World, database_url: str
) -> None:
    login, stopping = as_login(database_url, "recourse_app"), asyncio.Event()
    await publish_events(allowed.as_("publish"), TOPICS, [snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    poison = AIOKafkaProducer(**allowed.as_("publish").options())
    await poison.start()
    await poison.send_and_wait(TOPICS.payments, b"not an event", key=b"L-1")
    await poison.stop()

    async def taken() -> bool:
        return bool(await world.scalar("SELECT count(*) FROM collection_case"))

    async def told() -> bool:
        return bool(await world.scalar("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL"))

    async def refused() -> bool:
        return bool(await Quarantine(allowed.as_("dlq"), TOPICS).letters())

    async with AsyncExitStack() as stack:
        consumer, relaying = allowed.settings("consume", login), allowed.settings("relay", login)
        for work in (run_consumer(consumer, stopping, LIMITS), run_relay(relaying, stopping)):
            stack.push_async_callback(asyncio.wait_for, asyncio.create_task(work), 30)
        stack.callback(stopping.set)
        await until(taken, "the case", 60)
        await until(told, "its opening is published", 60)
        await until(refused, "the dead letter", 60)
    letters = Quarantine(allowed.as_("dlq"), TOPICS)
    await letters.retry(await letters.letters(), "operator")
    assert [one.resolution for one in await letters.letters()] == ["retried"]


@pytest.mark.parametrize("name", LISTED)
async def test_without_any_line_of_its_list_a_process_cannot_do_its_work(allowed: Guarded, name: str) -> None:
    """And with it again it can: what failed was the right, not the probe."""
    await _sends(allowed, "admin", (*TOPICS.incoming(), FED.positions))
    await _letters(allowed)
    assert await comes_to(allowed, name, True)
    for line in (one for one in ACLS if one.process == name):
        await allowed.forbid(line)
        assert await comes_to(allowed, name, False), f"{line} is not needed"
        await allowed.allow([line])
        assert await comes_to(allowed, name, True), f"{line} was not enough"


@pytest.mark.parametrize("name", sorted(set(LISTED) - {"publish", "dlq"}))
async def test_nobody_but_the_bank_and_who_retries_writes_events(allowed: Guarded, name: str) -> None:
    for topic in TOPICS.incoming():
        with pytest.raises(KafkaError):
            await _sends(allowed, name, [topic])


@pytest.mark.parametrize("name", LISTED)
async def test_none_of_ours_writes_positions_and_only_who_takes_them_reads_them(
    allowed: Guarded, name: str
) -> None:
    """A forged one would send somebody to a place; one that is read says where a person is."""
    with pytest.raises(KafkaError):
        await _sends(allowed, name, [FED.positions])
    reading = AIOKafkaConsumer(**allowed.as_(name).options(), enable_auto_commit=False)
    await reading.start()
    try:
        place = TopicPartition(FED.positions, 0)
        reading.assign([place])
        if name == "positions":
            assert await asyncio.wait_for(reading.beginning_offsets([place]), 10) == {place: 0}
        else:
            with pytest.raises((KafkaError, TimeoutError)):
                await asyncio.wait_for(reading.beginning_offsets([place]), 10)
    finally:
        await reading.stop()


def test_dead_letters_of_the_feed_are_never_sent_again_so_nobody_may_write_to_it() -> None:
    """They are kept without the place, and with a feed `dlq` needs no more than to read and to mark them."""
    writers = {one.process for one in acls(FED, GROUP, FEED_GROUP) if one.operation == "Write"}
    assert "dlq" in writers
    assert not [one for one in acls(FED, GROUP) if (one.operation, one.name) == ("Write", FED.positions)]
