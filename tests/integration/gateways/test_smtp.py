"""E-mail against a real SMTP server: which phase fails decides what may follow."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from activities.reminding import RemindingActivities
from recourse.contracts.messages import StepCommand
from recourse.domain.situation import Channel
from recourse.gateways.smtp import SmtpMessenger
from recourse.ports import NotHandedOver, OutcomeUnknown, Paper, RefusedByProvider
from recourse.stack import StackAddresses
from tests.fakes import FakeMessenger
from tests.integration.conftest import World
from tests.integration.gateways.conftest import closed_port, entries, message
from tests.integration.service.conftest import open_case

SENDER = "collections@bank.example"


@pytest.fixture
def messenger(stack: StackAddresses) -> SmtpMessenger:
    return SmtpMessenger(stack.smtp_host, stack.smtp_port, SENDER, timeout=10)


def _address(knob: str = "borrower") -> str:
    return f"{knob}+{secrets.token_hex(6)}@example.com"


async def test_an_accepted_mail_carries_our_message_id_and_reads_as_it_was_written(
    messenger: SmtpMessenger, stack: StackAddresses
) -> None:
    to, subject = _address(), "还款提醒：您的车贷已逾期 3 天（¥3,520.17）"
    body = "尊敬的李女士：\n\n请于 11 月 9 日前还款 ¥3,520.17。\n.\n..\nFrom here on: " + "很长的一行" * 300
    accepted = await messenger.send(message(to, body, subject=subject))
    [mail] = entries(stack.end_logs["smtp"], "accepted", rcpt=[to])
    assert accepted.provider_refs == (mail["message_id"],)
    assert accepted.parts == 1
    assert mail["message_id"].endswith("@bank.example>")
    assert mail["mail_from"] == SENDER
    assert mail["subject"] == subject
    assert mail["text"].rstrip("\n") == body


async def test_a_letter_goes_along_byte_by_byte(messenger: SmtpMessenger, stack: StackAddresses) -> None:
    to, pdf = _address(), secrets.token_bytes(40_000)
    paper = Paper("doc-1", pdf, hashlib.sha256(pdf).hexdigest())
    await messenger.send(replace(message(to, "With our letter.", subject="letter"), paper=paper))
    [mail] = entries(stack.end_logs["smtp"], "accepted", rcpt=[to])
    assert mail["attached"] == [{"name": "doc-1.pdf", "type": "application/pdf", "sha256": paper.sha256}]
    assert mail["text"].rstrip("\n") == "With our letter."


async def test_the_same_key_gives_the_same_message_id_and_another_key_another(
    messenger: SmtpMessenger,
) -> None:
    first, again = (message(_address(), "hello", key="att-same") for _ in range(2))
    other = message(_address(), "hello", key="att-other")
    refs = [(await messenger.send(mail)).provider_refs for mail in (first, again, other)]
    assert refs[0] == refs[1]
    assert refs[0] != refs[2]


async def test_an_unknown_mailbox_is_refused_for_good(
    messenger: SmtpMessenger, stack: StackAddresses
) -> None:
    to = _address("reject")
    with pytest.raises(RefusedByProvider) as refused:
        await messenger.send(message(to, "hello"))
    assert refused.value.code == "smtp_550"
    assert entries(stack.end_logs["smtp"], "accepted", rcpt=[to]) == []


async def test_a_busy_mailbox_took_nothing_and_may_be_tried_again(
    messenger: SmtpMessenger, stack: StackAddresses
) -> None:
    to = _address("busy")
    for _ in range(2):
        with pytest.raises(NotHandedOver, match="smtp_451"):
            await messenger.send(message(to, "hello"))
    assert len(entries(stack.end_logs["smtp"], "refused", rcpt=to)) == 2
    assert entries(stack.end_logs["smtp"], "accepted", rcpt=[to]) == []


async def test_a_greylisted_mail_is_taken_at_the_second_try_and_once_only(
    messenger: SmtpMessenger, stack: StackAddresses
) -> None:
    mail = message(_address("greylist"), "hello")
    with pytest.raises(NotHandedOver):
        await messenger.send(mail)
    accepted = await messenger.send(mail)
    assert len(entries(stack.end_logs["smtp"], "accepted", message_id=accepted.provider_refs[0])) == 1


async def test_a_line_cut_after_the_text_leaves_the_outcome_unknown(
    messenger: SmtpMessenger, stack: StackAddresses
) -> None:
    to = _address("drop")
    with pytest.raises(OutcomeUnknown):
        await messenger.send(message(to, "hello"))
    assert len(entries(stack.end_logs["smtp"], "dropped", rcpt=[to])) == 1


async def test_a_reminder_whose_line_was_cut_is_never_sent_a_second_time(
    world: World, messenger: SmtpMessenger, stack: StackAddresses
) -> None:
    to = _address("drop")
    case = await open_case(world, mobile=None, email=to)
    activities = RemindingActivities(world.services, {Channel.EMAIL: messenger, Channel.SMS: FakeMessenger()})
    plan = await case.reach("sms_friendly")
    await activities.send_reminder(StepCommand(case.id, "sms_friendly", plan.number))  # has no number
    plan = await case.reach("email_friendly")
    command = StepCommand(case.id, "email_friendly", plan.number)
    result = await activities.send_reminder(command)
    world.set_now((plan.due_at or pytest.fail("no due")) + timedelta(hours=1))
    again = await activities.send_reminder(command)
    assert (result.code, again.outcome) == ("outcome_unknown", "stale")
    assert len(entries(stack.end_logs["smtp"], "dropped", "accepted", rcpt=[to])) == 1
    assert await world.scalar("SELECT state FROM contact_attempt") == "unknown"
    assert await world.scalar("SELECT kind FROM agent_task") == "check_delivery"


async def test_a_server_that_is_down_took_nothing() -> None:
    messenger = SmtpMessenger("127.0.0.1", closed_port(), SENDER, timeout=5)
    with pytest.raises(NotHandedOver, match="no connection"):
        await messenger.send(message(_address(), "hello"))


async def test_a_server_that_never_greets_took_nothing() -> None:
    connected = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()  # until the client gives up
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotHandedOver):
            await SmtpMessenger("127.0.0.1", port, SENDER, timeout=0.3).send(message(_address(), "hello"))
    assert connected.is_set()


@pytest.mark.parametrize(
    "address",
    ["借款人@example.com", "a b@example.com", "a@例子.cn", "a@example.com>\r\nRCPT TO:<b@example.com"],
)
async def test_what_is_no_mailbox_is_refused_for_good_and_its_text_stands_in_no_error(
    messenger: SmtpMessenger, address: str
) -> None:
    with pytest.raises(RefusedByProvider) as refused:
        await messenger.send(message(address, "hello"))
    assert refused.value.code == str(refused.value) == "smtp_malformed"
    assert refused.value.__cause__ is None
