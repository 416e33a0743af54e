"""Where one request ends and the next begins: of what two readers could read differently nothing is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from recourse.app.web import Place, served
from recourse.stack.ports import HOST, choose

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
"""What stands in a body, or behind its end, and must not be taken for a request of its own."""


class Heard:
    """The application: which paths it was asked for, with which bodies."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        self.requests.append((request.url.path, await request.body()))
        await PlainTextResponse("read")(scope, receive, send)


@asynccontextmanager
async def _serving(heard: Heard) -> AsyncIterator[int]:
    port, stopping = choose(["api"], preferred=False)["api"], asyncio.Event()
    serving = asyncio.create_task(served(heard, Place("RECOURSE_API", HOST, port), stopping))
    for _ in range(200):
        try:
            (await asyncio.open_connection(HOST, port))[1].close()
            break
        except OSError:
            await asyncio.sleep(0.05)
    yield port
    stopping.set()
    await asyncio.wait_for(serving, 20)


async def _said(port: int, head: bytes, body: bytes) -> list[bytes]:
    """The status of each answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"POST /asked HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n" + body)
    writer.write_eof()
    answers = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return [line.split()[1] for line in answers.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 5\r\nContent-Length: 50\r\n", b"12345" + HIDDEN),
        (b"Content-Length: 5, 50\r\n", b"12345" + HIDDEN),
        (b"Content-Length: +5\r\n", b"12345" + HIDDEN),
        (b"Content-Length: 0x5\r\n", b"12345" + HIDDEN),
        (b"Transfer-Encoding: xchunked\r\n", b"5\r\n12345\r\n0\r\n\r\n" + HIDDEN),
        (b"Transfer-Encoding: chunked, gzip\r\n", b"5\r\n12345\r\n0\r\n\r\n" + HIDDEN),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n" + HIDDEN),
        (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + HIDDEN),
        (b"X: a\x00b\r\n", HIDDEN),
        (b"Transfer-Encoding: chunked\r\n", b"5z\r\n12345\r\n0\r\n\r\n" + HIDDEN),
    ],
)
async def test_what_does_not_say_where_it_ends_is_refused_and_nothing_behind_it_is_read(
    head: bytes, body: bytes
) -> None:
    """Of chunks the application may have heard the beginning before a bad one came."""
    heard = Heard()
    async with _serving(heard) as port:
        assert await _said(port, head, body) == [b"400"]
    assert [path for path, _ in heard.requests] in ([], ["/asked"])


async def test_of_a_length_and_chunks_the_chunks_count_or_nothing_does() -> None:
    heard = Heard()
    head = f"Content-Length: {len(HIDDEN) + 20}\r\nTransfer-Encoding: chunked\r\n".encode()
    chunked = f"{len(HIDDEN):x}\r\n".encode() + HIDDEN + b"\r\n0\r\n\r\n"
    async with _serving(heard) as port:
        statuses = await _said(port, head, chunked)
    assert (statuses, heard.requests) in (([b"200"], [("/asked", HIDDEN)]), ([b"400"], []))
