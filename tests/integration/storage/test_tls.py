"""PostgreSQL over TLS as its address says: the server is who it says it is, or nothing is said to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from recourse.contracts.delivery import Unavailable
from recourse.domain.calendar import BusinessCalendar
from recourse.storage.database import Database
from tests.integration.gateways.authority import Authority, authority

HOST = "127.0.0.1"
ASKED = (80877103).to_bytes(4, "big")
"""SSLRequest, as the protocol has it."""


class Front:
    """In front of the real server: says yes to TLS, and ends it there. heard: what came after the answer."""

    def __init__(self, server: tuple[str, int], context: ssl.SSLContext | None) -> None:
        self.server, self.context = server, context
        self.heard = b""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert (await reader.readexactly(8))[4:] == ASKED
            writer.write(b"N" if self.context is None else b"S")
            if self.context is not None:
                await writer.start_tls(self.context)
            there, back = await asyncio.open_connection(*self.server)
            await asyncio.gather(self._carry(reader, back, keep=True), self._carry(there, writer))
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            writer.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool = False
    ) -> None:
        while piece := await reader.read(65536):
            self.heard += piece if keep else b""
            writer.write(piece)
        writer.close()


@asynccontextmanager
async def _front(database_url: str, context: ssl.SSLContext | None) -> AsyncIterator[tuple[Front, str]]:
    """And the address by which a deployment names it."""
    url = make_url(database_url)
    front = Front((url.host or HOST, url.port or 5432), context)
    async with await asyncio.start_server(front.take, HOST, 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        at = url.set(host=HOST, port=port, query={"ssl": "verify-full"})
        yield front, at.render_as_string(hide_password=False)


async def _answer(url: str) -> int:
    database = Database(url, BusinessCalendar())
    try:
        async with database.reading() as tx:
            return int((await tx.execute(text("SELECT 7"))).scalar_one())
    finally:
        await database.close()


@pytest.fixture
async def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = await authority(tmp_path / "ours")
    monkeypatch.setenv("PGSSLROOTCERT", made.cafile)
    return made


async def test_it_is_asked_over_tls(database_url: str, ours: Authority) -> None:
    context = await asyncio.to_thread(ours.serving)
    async with _front(database_url, context) as (front, url):
        assert await _answer(url) == 7
    assert b"SELECT 7" in front.heard


@pytest.mark.parametrize("wrong", ["authority", "name", "none"])
async def test_a_server_that_cannot_prove_who_it_is_hears_nothing(
    database_url: str, ours: Authority, tmp_path: Path, wrong: str
) -> None:
    signed_by = await authority(tmp_path / "other") if wrong == "authority" else ours
    name = "DNS:db.example.com" if wrong == "name" else "IP:127.0.0.1"
    context = None if wrong == "none" else await asyncio.to_thread(signed_by.serving, name)
    async with _front(database_url, context) as (front, url):
        with pytest.raises(Unavailable):
            await _answer(url)
    assert front.heard == b""
