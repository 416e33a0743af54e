"""What the tests of the gateways share: a steering client for the HTTP ends, and messages of their own."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from recourse.ports import Message
from recourse.stack import StackAddresses
from recourse.stack.ends.log import read_log
from recourse.stack.process import Launch, start
from tests.integration.gateways.authority import Authority, authority


def message(to: str, body: str, *, subject: str | None = None, key: str | None = None) -> Message:
    """Under a key of its own, so that a log shared by every test stays readable."""
    return Message(key or f"att-{secrets.token_hex(16)}", to, subject, body, "zh-CN")


def number(suffix: str = "0000") -> str:
    """A mobile of the test's own; its end chooses what the SMS centre does with it."""
    return f"+86139{secrets.randbelow(10**6):06d}{suffix}"


def entries(log: str, *events: str, **members: Any) -> list[dict[str, Any]]:
    """What an end has logged so far, oldest first. An end logs before it answers."""
    return [
        entry
        for entry in read_log(Path(log))
        if entry["event"] in events and all(entry.get(name) == value for name, value in members.items())
    ]


async def eventually(what: str, condition: Callable[[], Any], seconds: float = 10) -> None:
    """Poll until it holds; at the bound say what was awaited."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"not within {seconds} s: {what}")


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def ours(tmp_path: Path) -> Authority:
    return await authority(tmp_path / "ours")


@pytest.fixture
async def other(tmp_path: Path) -> Authority:
    """One that we do not trust."""
    return await authority(tmp_path / "other")


Steer = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Posts to an end's `/_control`, for example `await steer("outage", {"status": 503})`."""


@asynccontextmanager
async def _steering(url: str) -> AsyncIterator[Steer]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=5) as client:

        async def steer(path: str, body: dict[str, Any]) -> dict[str, Any]:
            response = await client.post(f"/_control/{path}", json=body)
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
            return answer

        yield steer
        await steer("outage", {"status": None})


@pytest.fixture
async def traccar(stack: StackAddresses) -> AsyncIterator[Steer]:
    """Steers the Traccar end; an outage ends with the test."""
    async with _steering(stack.traccar_url) as steer:
        yield steer


@pytest.fixture
async def desk(stack: StackAddresses) -> AsyncIterator[Steer]:
    """Steers the legal desk's end; an outage ends with the test."""
    async with _steering(stack.legal_desk_url) as steer:
        yield steer


@asynccontextmanager
async def scripted_smtp(
    answers: Mapping[bytes, bytes], heard: list[bytes] | None = None
) -> AsyncIterator[int]:
    """Answers each command by its first word, 250 where nothing is said; yields its port.

    The end of a mail is answered as the command "."; DATA itself gets 354. Each line is added to `heard`.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while command := (line := await reader.readline()).split()[:1]:
            if heard is not None:
                heard.append(line)
            name = command[0].upper()
            writer.write(answers.get(name, b"354 go on" if name == b"DATA" else b"250 ok") + b"\r\n")
            if name == b"DATA" and name not in answers:
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(answers.get(b".", b"250 ok") + b"\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


@asynccontextmanager
async def centre(port: int, log: Path) -> AsyncIterator[None]:
    """An SMS centre of the test's own, that may be stopped and started again on the same port."""
    program = [sys.executable, "-m", "recourse.stack.ends.smsc", "--port", str(port), "--log", str(log)]
    child = await start("smsc", Launch(program), log.with_suffix(".out"))
    try:
        await _answers(port)
        yield
    finally:
        await child.stop()


async def _answers(port: int) -> None:
    for _ in range(200):
        with suppress(OSError):
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            return
        await asyncio.sleep(0.05)
    pytest.fail("the centre does not answer")


@asynccontextmanager
async def scripted_http(answers: Mapping[str, bytes], status: str = "200 OK") -> AsyncIterator[str]:
    """Answers with the body written down for the path, whatever it is; yields its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        body = answers[head.split()[1].decode().partition("?")[0]]
        headers = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(headers.encode() + body)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
