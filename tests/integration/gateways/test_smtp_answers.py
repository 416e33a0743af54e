"""What a mail server's answers prove: only a clear no, or no mail at all, lets a mail go out again."""

from __future__ import annotations

import asyncio

import pytest

from recourse.gateways.smtp import SmtpMessenger
from recourse.ports import Message, NotHandedOver, OutcomeUnknown, RefusedByProvider
from tests.integration.gateways.conftest import scripted_smtp

MESSAGE = Message("att-1", "b@example.com", "Subject", "Body", "en")


async def _answered(to_the_body: bytes) -> None:
    async with scripted_smtp({b".": to_the_body}) as port:
        await SmtpMessenger("127.0.0.1", port, "c@example.com").send(MESSAGE)


@pytest.mark.parametrize(
    "answer", [b"251 ok, forwarded", b"252 perhaps", b"200 fine", b"354 more", b"no code"]
)
async def test_an_odd_answer_after_the_body_is_no_proof_that_it_never_left(answer: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        await _answered(answer)


async def test_an_answer_without_end_after_the_body_is_no_proof_either() -> None:
    with pytest.raises(OutcomeUnknown):
        await _answered(b"250-" + b"x" * 40_000)


async def test_a_clear_no_after_the_body_is_believed() -> None:
    with pytest.raises(NotHandedOver, match="smtp_451"):
        await _answered(b"451 try later")
    with pytest.raises(RefusedByProvider, match="smtp_554"):
        await _answered(b"554 5.7.1 looks like spam")


async def test_a_server_that_drags_out_every_answer_before_the_body_took_nothing() -> None:
    """Each command within its time, and none of them leads to an end."""

    async def drag(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while await reader.readline():
            await asyncio.sleep(0.35)
            writer.write(b"250 ok\r\n")
        writer.close()

    async with await asyncio.start_server(drag, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotHandedOver, match="before the message"):
            await SmtpMessenger("127.0.0.1", port, "c@example.com", timeout=0.5).send(MESSAGE)
