"""Whatever the bank calls an address: the mail is refused or accepted, and never anything else.

What escaped from the messenger would leave a claim behind that looks as if the mail might have been sent.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recourse.gateways.smtp import SmtpMessenger
from recourse.ports import Accepted, Message, NotHandedOver, OutcomeUnknown, RefusedByProvider
from tests.integration.gateways.conftest import closed_port, scripted_smtp

UGLY = ["zhang@", '"', "<", "a@[", "", "@", "(", "a b", "zhang", "a@@b", "a@b>", "a@b\x7f", " ", "a@b,c@d.cn"]
UGLY += ["z@x.cn;y@x.cn", "undisclosed:;", "=?utf-8?q?a?=@b.cn", "a@例子.cn", "张@x.cn", "a@b\r\nBcc: c@d.cn"]


async def _send(to: str, *, subject: str = "Subject", port: int | None = None) -> Accepted:
    messenger = SmtpMessenger("127.0.0.1", port or closed_port(), "c@example.com", timeout=5)
    return await messenger.send(Message("att-1", to, subject, "Body", "en"))


@pytest.mark.parametrize("address", UGLY)
async def test_what_is_no_single_mailbox_is_refused_before_a_line_is_opened(address: str) -> None:
    with pytest.raises(RefusedByProvider) as refused:
        await _send(address)
    assert refused.value.code == str(refused.value) == "smtp_malformed"
    assert refused.value.__cause__ is None


async def test_a_subject_that_cannot_be_written_is_refused_too() -> None:
    with pytest.raises(RefusedByProvider, match="smtp_malformed"):
        await _send("a@example.com", subject="two\nlines")


@pytest.mark.parametrize(
    "address", ["a@example.com", " a@example.com ", "Zhang <a@example.com>", '"a b"@x.cn']
)
async def test_one_mailbox_is_accepted_however_it_is_written(address: str) -> None:
    async with scripted_smtp({}) as port:
        assert (await _send(address, port=port)).parts == 1


_PIECES = st.sampled_from(
    ["zhang", "example.com", "@", "<", ">", '"', "[", "]", "(", ")", ",", ";", ":", "."]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(_PIECES, max_size=9).map("".join), st.text(max_size=30), st.emails()))
async def test_the_outcome_is_refused_or_accepted_whatever_the_address(address: str) -> None:
    async with scripted_smtp({}) as port:
        with suppress(RefusedByProvider):
            await _send(address, port=port)


async def test_a_sender_that_is_no_address_is_nothing_against_the_recipient() -> None:
    messenger = SmtpMessenger("127.0.0.1", closed_port(), "collections@")
    with pytest.raises(NotHandedOver, match="RECOURSE_SMTP_SENDER"):
        await messenger.send(Message("att-1", "a@example.com", "Subject", "Body", "en"))


async def test_an_answer_to_the_mail_that_cannot_be_read_leaves_the_outcome_unknown() -> None:
    async with scripted_smtp({b".": b"hello?"}) as port:
        with pytest.raises(OutcomeUnknown):
            await _send("a@example.com", port=port)
