"""Temporal over TLS as the SDK's own settings say: the server proves who it is, and so do we."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from recourse.ports import RunsUnavailable
from recourse.stack import StackAddresses
from recourse.temporal.client import connect
from recourse.temporal.codec import PLAIN, KeyRing
from tests.integration.gateways.authority import Authority, authority

HOST = "127.0.0.1"
RING = KeyRing.parse(PLAIN)


@asynccontextmanager
async def _front(stack: StackAddresses, context: ssl.SSLContext, ours: Authority) -> AsyncIterator[str]:
    """Its address: in front of the real server, it ends TLS and wants a certificate of ours."""
    context.set_alpn_protocols(["h2"])
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ours.cafile)
    host, port = stack.temporal_address.rsplit(":", 1)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_carry(reader, back), _carry(there, writer), return_exceptions=True)

    async with await asyncio.start_server(take, HOST, 0, ssl=context) as listening:
        yield f"{HOST}:{listening.sockets[0].getsockname()[1]}"


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
    writer.close()


@pytest.fixture
async def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    made = await authority(tmp_path / "ours")
    await asyncio.to_thread(made.serving)
    told = {
        "TEMPORAL_TLS": "true",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": made.cafile,
        "TEMPORAL_TLS_CLIENT_CERT_PATH": str(made.folder / "server.pem"),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(made.folder / "server.key"),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return made


async def test_it_is_spoken_to_over_tls_by_our_certificate(
    stack: StackAddresses, ours: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _front(stack, await asyncio.to_thread(ours.serving), ours) as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        assert await (await connect(RING)).service_client.check_health()


@pytest.mark.parametrize("wrong", ["authority", "name", "our certificate"])
async def test_who_cannot_prove_who_he_is_is_not_spoken_to(
    stack: StackAddresses, ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    signed_by = await authority(tmp_path / "other") if wrong == "authority" else ours
    name = "DNS:temporal.example.com" if wrong == "name" else "IP:127.0.0.1"
    if wrong == "our certificate":
        monkeypatch.delenv("TEMPORAL_TLS_CLIENT_CERT_PATH")
        monkeypatch.delenv("TEMPORAL_TLS_CLIENT_KEY_PATH")
    async with _front(stack, await asyncio.to_thread(signed_by.serving, name), ours) as address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        with pytest.raises(RunsUnavailable):
            await connect(RING)


async def test_the_key_of_an_account_goes_along(ours: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("TEMPORAL_API_KEY", "a key of this test")
    client = await connect(RING, lazy=True)
    assert client.service_client.config.api_key == "a key of this test"
