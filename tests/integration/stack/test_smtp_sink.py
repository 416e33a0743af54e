"""The SMTP sink, spoken to by the mail client the application uses."""

from __future__ import annotations

import secrets
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from recourse.stack import StackAddresses
from tests.integration.stack.conftest import logged

TEXT = "尊敬的客户：您的贷款已逾期 3 天。\nPlease pay by Friday.\n"


def _message(recipient: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "collections@lender.example"
    message["To"] = recipient
    message["Subject"] = "逾期提醒 / Reminder"
    message["Message-ID"] = f"<{secrets.token_hex(8)}@lender.example>"
    message["X-Step"] = "reminder-1"
    message.set_content(TEXT)
    return message


async def _send(ends: StackAddresses, message: EmailMessage) -> None:
    await aiosmtplib.send(message, hostname=ends.smtp_host, port=ends.smtp_port, start_tls=False, timeout=10)


async def test_mail_is_logged_decoded_before_it_is_accepted(ends: StackAddresses) -> None:
    message = _message("wang@borrower.example")
    await _send(ends, message)
    entry = await logged(ends.end_logs["smtp"], "accepted", message_id=message["Message-ID"], seconds=0)
    assert entry["mail_from"] == "collections@lender.example"
    assert entry["rcpt"] == ["wang@borrower.example"]
    assert entry["subject"] == "逾期提醒 / Reminder"
    assert ["X-Step", "reminder-1"] in entry["headers"]
    assert entry["text"].replace("\r\n", "\n") == TEXT


@pytest.mark.parametrize(
    ("recipient", "code"), [("reject+1@x.example", 550), ("a@reject.example", 550), ("busy@x.example", 451)]
)
async def test_a_recipient_can_ask_to_be_refused(ends: StackAddresses, recipient: str, code: int) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refusal:
        await _send(ends, _message(recipient))
    assert [refused.code for refused in refusal.value.recipients] == [code]
    await logged(ends.end_logs["smtp"], "refused", rcpt=recipient, code=code, seconds=0)


async def test_a_greylisted_recipient_is_accepted_the_second_time(ends: StackAddresses) -> None:
    recipient = f"greylist+{secrets.token_hex(4)}@x.example"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await _send(ends, _message(recipient))
    await _send(ends, _message(recipient))


async def test_a_dropped_connection_leaves_the_sender_without_an_answer(ends: StackAddresses) -> None:
    message = _message("drop@x.example")
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await _send(ends, message)
    assert message["Message-ID"] in Path(ends.end_logs["smtp"]).read_text(encoding="utf-8")
    await logged(ends.end_logs["smtp"], "dropped", message_id=message["Message-ID"], seconds=0)
