"""TLS of what others connect to, and of what we connect to: 1.2 and 1.3 alone, with ciphers that seal."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from consumers.connection import KafkaConnection
from recourse.app.settings_serving import ServingSettings
from recourse.app.web import Place, served
from recourse.gateways import http, tls
from recourse.stack.ports import HOST, choose
from tests.integration.gateways.authority import Authority, authority

pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
OLD, CBC = ssl.TLSVersion.TLSv1_1, "ECDHE-ECDSA-AES128-SHA256"


@pytest.fixture
async def ours(tmp_path: Path) -> Authority:
    made = await authority(tmp_path / "ours")
    await asyncio.to_thread(made.serving)
    return made


def _settings(ours: Authority) -> ServingSettings:
    folder = ours.folder
    return ServingSettings(tls_certfile=str(folder / "server.pem"), tls_keyfile=str(folder / "server.key"))


async def _scheme(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(Request(scope).url.scheme)(scope, receive, send)


@asynccontextmanager
async def _serving(ours: Authority) -> AsyncIterator[int]:
    port, stopping = choose(["api"], preferred=False)["api"], asyncio.Event()
    where = Place("RECOURSE_API", HOST, port, _settings(ours).serving_tls())
    serving = asyncio.create_task(served(_scheme, where, stopping))
    for _ in range(100):
        try:
            (await asyncio.open_connection(HOST, port))[1].close()
            break
        except OSError:
            await asyncio.sleep(0.05)
    yield port
    stopping.set()
    await asyncio.wait_for(serving, 20)


def _client(ours: Authority, *, only: ssl.TLSVersion, ciphers: str = "ALL") -> ssl.SSLContext:
    """One that would take anything of this version."""
    context = ssl.create_default_context(cafile=ours.cafile)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, only
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    context.minimum_version = only
    return context


async def _handshake(port: int, context: ssl.SSLContext) -> str:
    """The version agreed on, if there is one."""

    def agreed() -> str:
        try:
            with (
                socket.create_connection((HOST, port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname=HOST) as over_tls,
            ):
                return str(over_tls.version())
        except ssl.SSLError:
            return "refused"

    return await asyncio.to_thread(agreed)


async def test_with_a_certificate_it_speaks_tls_and_nothing_else(ours: Authority) -> None:
    trusted = ssl.create_default_context(cafile=ours.cafile)
    async with _serving(ours) as port, httpx.AsyncClient(verify=trusted, trust_env=False) as client:
        assert (await client.get(f"https://{HOST}:{port}/")).text == "https"
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"http://{HOST}:{port}/")


async def test_it_takes_no_old_version_and_no_cipher_without_a_seal(ours: Authority) -> None:
    newer, newest = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    async with _serving(ours) as port:
        assert await _handshake(port, _client(ours, only=newest)) == "TLSv1.3"
        assert await _handshake(port, _client(ours, only=newer)) == "TLSv1.2"
        assert await _handshake(port, _client(ours, only=newer, ciphers=CBC)) == "refused"
        assert await _handshake(port, _client(ours, only=OLD)) == "refused"


@pytest.mark.parametrize("who", ["anybody", "mail and texts", "http", "kafka"])
async def test_nothing_of_ours_speaks_to_a_server_of_an_old_version(
    ours: Authority, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """The first would, so it is the server's version that the others refuse."""
    monkeypatch.setenv("SSL_CERT_FILE", ours.cafile)
    kafka = KafkaConnection("x:1", "SSL", cafile=ours.cafile)
    made: dict[str, Callable[[], ssl.SSLContext]] = {
        "anybody": lambda: _client(ours, only=OLD),
        "mail and texts": lambda: tls.trusting(ours.cafile),
        "http": http.trusted,
        "kafka": lambda: kafka.options()["ssl_context"],
    }
    context = made[who]()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.minimum_version = old.maximum_version = OLD
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.load_cert_chain(ours.folder / "server.pem", ours.folder / "server.key")
    async with await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0, ssl=old) as server:
        agreed = await _handshake(server.sockets[0].getsockname()[1], context)
    assert agreed == ("TLSv1.1" if who == "anybody" else "refused")


@pytest.mark.parametrize("spoilt", ["server.pem", "server.key"])
async def test_files_that_cannot_be_used_are_named_by_their_setting_and_nobody_is_asked_for_a_passphrase(
    ours: Authority, spoilt: str
) -> None:
    (ours.folder / spoilt).write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n")
    with pytest.raises(ValueError, match=r"RECOURSE_TLS_CERTFILE, RECOURSE_TLS_KEYFILE: .*; give PEM files"):
        _settings(ours).serving_tls()
    (ours.folder / spoilt).unlink()
    with pytest.raises(ValueError, match=r"RECOURSE_TLS_CERTFILE"):
        _settings(ours).serving_tls()


def test_a_key_without_a_certificate_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="set RECOURSE_TLS_CERTFILE too"):
        ServingSettings(tls_keyfile="x.key")
    assert ServingSettings().serving_tls() is None
