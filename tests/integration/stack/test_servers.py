"""The three servers are what the application needs them to be."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from recourse.stack import StackAddresses, environment
from recourse.stack.addresses import VARIABLES

LARGE_RECORD_BYTES = 5_500_000
KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


async def test_postgres_lets_the_superuser_create_databases_for_tests(stack: StackAddresses) -> None:
    url = stack.database_url.replace("+asyncpg", "")
    admin = await asyncpg.connect(url)
    names = [f"test_{secrets.token_hex(4)}" for _ in range(2)]
    try:
        assert int(await admin.fetchval("SHOW max_connections")) >= 200
        assert await admin.fetchval("SHOW timezone") == "UTC"
        for name in names:
            await admin.execute(f"CREATE DATABASE {name}")
            other = await asyncpg.connect(url.rpartition("/")[0] + f"/{name}")
            assert await other.fetchval("SELECT current_database()") == name
            await other.close()
            await admin.execute(f"DROP DATABASE {name}")
    finally:
        await admin.close()


async def test_kafka_creates_a_topic_with_four_partitions_and_carries_five_megabytes(
    stack: StackAddresses,
) -> None:
    topic, value = f"large-{secrets.token_hex(4)}", os.urandom(LARGE_RECORD_BYTES)
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_brokers, max_request_size=8_000_000, acks="all")
    async with producer:
        assert await producer.partitions_for(topic) == {0, 1, 2, 3}
        await producer.send_and_wait(topic, value, key=b"loan")
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=stack.kafka_brokers, group_id=topic, auto_offset_reset="earliest"
    )
    async with consumer:
        record = await consumer.getone()
    assert record.value == value


async def test_temporal_makes_a_new_search_attribute_usable_and_shows_its_screens(
    stack: StackAddresses,
) -> None:
    client = await Client.connect(stack.temporal_address, namespace=stack.temporal_namespace)
    name = f"Probe{secrets.token_hex(4)}"
    add = AddSearchAttributesRequest(namespace=client.namespace, search_attributes={name: KEYWORD})
    await client.operator_service.add_search_attributes(add)
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    assert name in known.custom_attributes
    assert await client.count_workflows(f"{name} = 'x'") is not None
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(stack.temporal_ui_url, follow_redirects=True)
    assert page.headers["content-type"].startswith("text/html")


def test_the_environment_names_every_address_once(stack: StackAddresses) -> None:
    given: Mapping[str, str] = environment(stack)
    assert set(given) == set(VARIABLES.values())
    assert given["RECOURSE_DATABASE_URL"] == stack.database_url
    assert given["RECOURSE_SMPP_PORT"] == str(stack.smpp_port)
    assert StackAddresses.from_json(stack.to_json()) == stack
    assert environment(StackAddresses()) == {"TEMPORAL_NAMESPACE": "default"}
