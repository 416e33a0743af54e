"""What a stranger may send: a little, and not for ever; the rest is refused before anything is asked."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recourse.app.web import server_of
from recourse.web.limits import LONGEST_BODY, SLOWEST_BODY, BodyLimit
from tests.web.conftest import Api

CHUNK = b"x" * 16 * 1024
ENOUGH = 4
"""Chunks of which the limit is made."""


class Line:
    """A client in the middle of its body: counts what was read of it and keeps what it was answered."""

    def __init__(self, chunks: int, *, length: str | None = None, pause: float = 0) -> None:
        self.left, self.read, self.pause = chunks, 0, pause
        self.sent: list[Message] = []
        headers = [(b"content-length", length.encode())] if length is not None else []
        self.scope: Scope = {"type": "http", "method": "POST", "path": "/api/holds", "headers": headers}

    async def receive(self) -> Message:
        await asyncio.sleep(self.pause)
        if self.left == 0:
            return {"type": "http.disconnect"}
        self.left, self.read = self.left - 1, self.read + 1
        return {"type": "http.request", "body": CHUNK, "more_body": self.left > 0}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


class Behind:
    """The application: notes every body that reached it."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.then: Message = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message, body = await receive(), b""
        while message["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
            message = await receive()
        self.bodies.append(body)
        self.then = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def test_the_chunks_of_these_tests_are_the_limit() -> None:
    assert len(CHUNK) * ENOUGH == LONGEST_BODY == 64 * 1024


async def test_a_body_of_the_limit_arrives_whole() -> None:
    line, behind = Line(ENOUGH), Behind()
    await BodyLimit(behind)(line.scope, line.receive, line.send)
    assert behind.bodies == [CHUNK * ENOUGH]
    assert behind.then == {"type": "http.disconnect"}
    assert line.status == 200


async def test_a_body_without_a_length_is_read_to_the_limit_and_no_further() -> None:
    line, behind = Line(10_000), Behind()
    await BodyLimit(behind)(line.scope, line.receive, line.send)
    assert (line.status, line.read, behind.bodies) == (413, ENOUGH + 1, [])


@pytest.mark.parametrize("length", ["65537", "52000000", "9" * 400])
async def test_a_length_over_the_limit_is_refused_and_nothing_is_read(length: str) -> None:
    line, behind = Line(10_000, length=length), Behind()
    await BodyLimit(behind)(line.scope, line.receive, line.send)
    assert (line.status, line.read, behind.bodies) == (413, 0, [])
    assert (b"connection", b"close") in line.sent[0]["headers"]


async def test_a_length_that_lies_is_of_no_use() -> None:
    line, behind = Line(10_000, length="10"), Behind()
    await BodyLimit(behind)(line.scope, line.receive, line.send)
    assert (line.status, line.read) == (413, ENOUGH + 1)


async def test_a_body_that_trickles_does_not_hold_its_place_for_ever() -> None:
    line, behind = Line(ENOUGH, pause=0.05), Behind()
    await BodyLimit(behind, slowest=0.07)(line.scope, line.receive, line.send)
    assert (line.status, behind.bodies) == (408, [])
    assert SLOWEST_BODY <= 30


async def test_a_client_that_leaves_in_the_middle_is_not_answered() -> None:
    line, behind = Line(1), Behind()

    async def receive() -> Message:
        return {**await line.receive(), "more_body": True}

    await BodyLimit(behind)(line.scope, receive, line.send)
    assert (line.sent, behind.bodies) == ([], [])


@asynccontextmanager
async def _serving(application: ASGIApp) -> AsyncIterator[int]:
    """The server as `recourse web` makes it, on a port of its own."""
    server, listening = server_of(application), socket.create_server(("127.0.0.1", 0))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def test_a_stranger_who_never_ends_his_body_is_cut_off(api: Api) -> None:
    """Over the wire, to the server as it runs: what the kernel's buffers hold may be on its way."""
    async with _serving(api.app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "POST /api/holds HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        sent = 0
        with suppress(ConnectionError):
            while sent < 64 * 1024 * 1024:
                writer.write(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
                await writer.drain()
                sent += len(CHUNK)
        writer.close()
    assert sent < 24 * 1024 * 1024


async def test_the_api_itself_refuses_before_it_asks_for_a_token(api: Api) -> None:
    body = json.dumps({"note": "x" * LONGEST_BODY}).encode()
    for path in ("/holds", "/legal/statuses", "/tasks/task-0/claim", "/holds/hold-0/lift", "/nowhere"):
        answer = await api.http.post(f"/api{path}", content=body)
        assert answer.status_code == 413
        assert str(LONGEST_BODY) in answer.json()["detail"]
