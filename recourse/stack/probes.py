"""Does it answer? One probe per member, in the member's own protocol, for start-up and `status`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from recourse.stack.addresses import StackAddresses, without_secrets
from recourse.stack.errors import NotReady

PROBE_SECONDS: Final = 15.0
"""A busy machine needs some of them to import a client; who asks would rather wait than be told wrong."""
PAUSE_SECONDS: Final = 0.05


async def probe(name: str, addresses: StackAddresses, *, ours: bool = True) -> None:
    """Asks one member once; NotReady, with what it answered, if it is not there.

    ours: False for one that was configured. Whether it wants TLS is not known here, so mail server and SMS
    centre are not spoken to: a password would be readable.
    """
    asked = PROBES[name] if ours else {**PROBES, **OF_OTHERS}[name]
    try:
        await asyncio.wait_for(asked(addresses), PROBE_SECONDS)
    except NotReady:
        raise
    except TimeoutError:
        raise NotReady(f"no answer within {PROBE_SECONDS:.0f} s") from None
    except Exception as failure:  # every client library has errors of its own; all mean the same here
        raise NotReady(f"{type(failure).__name__}: {failure}") from failure


async def until_ready(
    name: str, addresses: StackAddresses, *, seconds: float, dead: Callable[[], bool]
) -> None:
    """Probes until it answers; NotReady when `dead()` or the time is over."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        if dead():
            raise NotReady("it ended by itself")
        try:
            return await probe(name, addresses)
        except NotReady:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(PAUSE_SECONDS)


async def _postgres(addresses: StackAddresses) -> None:
    import asyncpg

    connection = await asyncpg.connect(
        addresses.database_url.replace("postgresql+asyncpg://", "postgresql://", 1)
    )
    try:
        await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


async def _kafka(addresses: StackAddresses) -> None:
    from aiokafka.admin import AIOKafkaAdminClient

    await _listens(
        *_host_and_port(addresses.kafka_brokers.split(",")[0])
    )  # else the client logs an error a try
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    client = AIOKafkaAdminClient(bootstrap_servers=addresses.kafka_brokers, request_timeout_ms=3000)
    try:
        await client.start()
        if not (await client.describe_cluster())["brokers"]:
            raise NotReady("no broker has registered yet")
    finally:
        await client.close()


async def _temporal(addresses: StackAddresses) -> None:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.client import Client
    from temporalio.envconfig import ClientConfig

    await _listens(*_host_and_port(addresses.temporal_address))
    profile = ClientConfig.load_client_connect_config()  # TLS and API key of a configured server
    profile["target_host"] = addresses.temporal_address
    profile["namespace"] = addresses.temporal_namespace
    client = await Client.connect(**profile)
    if not await client.service_client.check_health():
        raise NotReady("its gRPC health service does not say SERVING")
    namespace = DescribeNamespaceRequest(namespace=addresses.temporal_namespace)
    await client.workflow_service.describe_namespace(namespace)
    if addresses.temporal_ui_url:
        await _http(addresses.temporal_ui_url)


async def _smtp(addresses: StackAddresses) -> None:
    reader, writer = await asyncio.open_connection(addresses.smtp_host, addresses.smtp_port)
    try:
        greeting = await reader.readline()
        if not greeting.startswith(b"220"):
            raise NotReady(f"greeted with {greeting[:80]!r} instead of 220")
        writer.write(b"QUIT\r\n")
        await reader.readline()
    finally:
        writer.close()


async def _smsc(addresses: StackAddresses) -> None:
    import smpp34

    client = smpp34.Client(
        addresses.smpp_host, addresses.smpp_port, addresses.smpp_system_id, addresses.smpp_password
    )
    session = await client.connect()
    await session.unbind()
    await client.stop()


async def _traccar(addresses: StackAddresses) -> None:
    await _http(f"{addresses.traccar_url.rstrip('/')}/api/server")


async def _legal_desk(addresses: StackAddresses) -> None:
    await _http(f"{addresses.legal_desk_url.rstrip('/')}/health")


async def _http(url: str) -> None:
    import httpx

    async with httpx.AsyncClient(timeout=PROBE_SECONDS, trust_env=False, follow_redirects=True) as client:
        response = await client.get(url)
    if not response.is_success:
        raise NotReady(f"{without_secrets(url)} answered HTTP {response.status_code}")


async def _listens(host: str, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


PROBES: Final[Mapping[str, Callable[[StackAddresses], Awaitable[None]]]] = {
    "postgres": _postgres,
    "kafka": _kafka,
    "temporal": _temporal,
    "smtp": _smtp,
    "smsc": _smsc,
    "traccar": _traccar,
    "legal_desk": _legal_desk,
}
OF_OTHERS: Final[Mapping[str, Callable[[StackAddresses], Awaitable[None]]]] = {
    "smtp": lambda addresses: _listens(addresses.smtp_host, addresses.smtp_port),
    "smsc": lambda addresses: _listens(addresses.smpp_host, addresses.smpp_port),
}
