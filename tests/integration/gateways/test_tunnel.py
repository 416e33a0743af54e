"""The way to a TLS server for a library that has none: one connection, and it ends with either side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from recourse.gateways.tls import Tunnel, trusting
from tests.integration.gateways.authority import Authority


@pytest.fixture
async def echo(ours: Authority) -> AsyncIterator[int]:
    """The port of a TLS server that says back a line at a time, and hangs up after `bye`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (line := await reader.readline()) and line != b"bye\n":
            writer.write(line)
        writer.close()

    context = await asyncio.to_thread(ours.serving)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def _tunnel(ours: Authority, port: int) -> Tunnel:
    return await Tunnel.to("127.0.0.1", port, trusting(ours.cafile))


async def test_what_is_said_comes_back_and_the_end_of_the_server_is_the_end(
    ours: Authority, echo: int
) -> None:
    tunnel = await _tunnel(ours, echo)
    reader, writer = await asyncio.open_connection(*tunnel.address)
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    writer.write(b"bye\n")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_after_the_first_nobody_gets_in_and_its_end_here_is_the_end(ours: Authority, echo: int) -> None:
    tunnel = await _tunnel(ours, echo)
    address = tunnel.address
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"of ours\n")
    assert await reader.readline() == b"of ours\n"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)
    tunnel.close()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_of_two_who_come_at_once_one_is_carried(ours: Authority, echo: int) -> None:
    tunnel = await _tunnel(ours, echo)
    both = await asyncio.gather(*(asyncio.open_connection(*tunnel.address) for _ in range(2)))
    for _, writer in both:
        writer.write(b"hello\n")

    async def answer(reader: asyncio.StreamReader) -> bytes:
        try:
            return await asyncio.wait_for(reader.readline(), 5)
        except ConnectionError:
            return b""

    assert sorted([await answer(reader) for reader, _ in both]) == [b"", b"hello\n"]
    tunnel.close()
    for _, writer in both:
        writer.close()
