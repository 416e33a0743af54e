"""A server that refuses us says nothing about the recipient: nothing left, and it is tried again later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from recourse.gateways.smtp import SmtpMessenger
from recourse.ports import Message, NotHandedOver, RefusedByProvider

MESSAGE = Message("att-1", "b@example.com", "Subject", "Body", "en")


@asynccontextmanager
async def server(answers: Mapping[bytes, bytes]) -> AsyncIterator[int]:
    """Answers each command by its first word, 250 where nothing is said; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while command := (await reader.readline()).split()[:1]:
            writer.write(answers.get(command[0].upper(), b"250 ok") + b"\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "answers",
    [
        {b"EHLO": b"250-test\r\n250 AUTH PLAIN", b"AUTH": b"535 5.7.8 wrong password"},
        {b"MAIL": b"550 5.7.1 this sender may not send here"},
        {b"MAIL": b"452 try later"},
    ],
    ids=["wrong password", "sender refused", "busy"],
)
async def test_a_no_to_us_is_no_refusal_of_the_recipient(answers: Mapping[bytes, bytes]) -> None:
    user, password = ("u", "p") if b"AUTH" in answers else (None, None)
    async with server(answers) as port:
        messenger = SmtpMessenger("127.0.0.1", port, "c@example.com", username=user, password=password)
        with pytest.raises(NotHandedOver):
            await messenger.send(MESSAGE)


async def test_a_no_to_the_recipient_is_final() -> None:
    async with server({b"RCPT": b"550 5.1.1 no such mailbox"}) as port:
        with pytest.raises(RefusedByProvider, match="smtp_550"):
            await SmtpMessenger("127.0.0.1", port, "c@example.com").send(MESSAGE)
