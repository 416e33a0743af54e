"""A server that refuses us says nothing about the recipient: nothing left, and it is tried again later."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from recourse.gateways.smtp import SmtpMessenger
from recourse.ports import Message, NotHandedOver, RefusedByProvider
from tests.integration.gateways.conftest import scripted_smtp

MESSAGE = Message("att-1", "b@example.com", "Subject", "Body", "en")


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
    async with scripted_smtp(answers) as port:
        messenger = SmtpMessenger("127.0.0.1", port, "c@example.com", username=user, password=password)
        with pytest.raises(NotHandedOver):
            await messenger.send(MESSAGE)


async def test_a_no_to_the_recipient_is_final() -> None:
    async with scripted_smtp({b"RCPT": b"550 5.1.1 no such mailbox"}) as port:
        with pytest.raises(RefusedByProvider, match="smtp_550"):
            await SmtpMessenger("127.0.0.1", port, "c@example.com").send(MESSAGE)
