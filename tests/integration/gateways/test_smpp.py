"""SMS against a real SMPP 3.4 centre: parts, edges, refusals, a cut link.

What is expected of a split is counted here by hand: a single part holds 160 GSM characters or 70 UTF-16
units, a part of several holds 153 or 67.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from recourse.gateways.smpp import SmppMessenger
from recourse.ports import NotHandedOver, OutcomeUnknown, RefusedByProvider
from recourse.stack import StackAddresses
from tests.integration.gateways.conftest import closed_port, entries, message, number

GSM, UCS2 = 0, 8
THROTTLED, QUEUE_FULL, FAULT = 0x58, 0x14, 0x08  # SMPP 3.4, table 5-2


@pytest.fixture
async def messenger(stack: StackAddresses) -> AsyncIterator[SmppMessenger]:
    messenger = SmppMessenger(
        stack.smpp_host, stack.smpp_port, stack.smpp_system_id, stack.smpp_password, source="10690001"
    )
    yield messenger
    await messenger.close()


def parts_to(stack: StackAddresses, to: str, *events: str) -> list[dict[str, Any]]:
    return entries(stack.end_logs["smsc"], *(events or ("accepted",)), destination=to.removeprefix("+"))


async def test_a_short_text_is_one_part_known_by_the_centres_reference(
    messenger: SmppMessenger, stack: StackAddresses
) -> None:
    to = number()
    accepted = await messenger.send(message(to, "Please pay £5 by 9 November {ref: A-1}"))
    [part] = parts_to(stack, to)
    assert accepted.provider_refs == (part["message_id"],)
    assert accepted.parts == 1
    assert part["text"] == "Please pay £5 by 9 November {ref: A-1}"
    assert (part["source"], part["data_coding"], part["sar"]) == ("10690001", GSM, None)
    assert part["registered_delivery"] == 1


async def test_a_long_chinese_text_comes_in_numbered_parts_that_join_to_the_original(
    messenger: SmppMessenger, stack: StackAddresses
) -> None:
    to = number()
    text = "".join(chr(0x4E00 + n) for n in range(150))  # 150 different characters: 67 + 67 + 16
    accepted = await messenger.send(message(to, text))
    parts = parts_to(stack, to)
    assert accepted.provider_refs == tuple(part["message_id"] for part in parts)
    assert accepted.parts == 3
    assert [len(part["text"]) for part in parts] == [67, 67, 16]
    assert [part["sar"]["seqnum"] for part in parts] == [1, 2, 3]
    assert {part["sar"]["total"] for part in parts} == {3}
    assert len({part["sar"]["ref"] for part in parts}) == 1
    assert {part["data_coding"] for part in parts} == {UCS2}
    assert "".join(part["text"] for part in parts) == text


@pytest.mark.parametrize(
    ("text", "coding", "lengths"),
    [
        pytest.param("款" * 70, UCS2, [70], id="70-chinese"),
        pytest.param("款" * 71, UCS2, [67, 4], id="71-chinese"),
        pytest.param("款" * 134, UCS2, [67, 67], id="134-chinese"),
        pytest.param("款" * 135, UCS2, [67, 67, 1], id="135-chinese"),
        pytest.param("a" * 160, GSM, [160], id="160-gsm"),
        pytest.param("a" * 161, GSM, [153, 8], id="161-gsm"),
        pytest.param("a" * 306, GSM, [153, 153], id="306-gsm"),
        pytest.param("a" * 307, GSM, [153, 153, 1], id="307-gsm"),
        # A euro sign takes two septets and is never cut in two: 80 of them fill 160, and 76 fit into 153.
        pytest.param("€" * 80, GSM, [80], id="80-euro"),
        pytest.param("€" * 81, GSM, [76, 5], id="81-euro"),
        # One sign outside the alphabet makes the whole text UCS-2: 69 + 1 = 70, 70 + 1 = 71.
        pytest.param("a" * 69 + "款", UCS2, [70], id="one-chinese-in-70"),
        pytest.param("a" * 70 + "款", UCS2, [67, 4], id="one-chinese-in-71"),
        # An emoji is two UTF-16 units and is never cut in two: 35 fill 70, and 33 fit into 67.
        pytest.param("🚗" * 35, UCS2, [35], id="35-emoji"),
        pytest.param("🚗" * 36, UCS2, [33, 3], id="36-emoji"),
    ],
)
async def test_a_text_is_cut_exactly_at_the_edge(
    messenger: SmppMessenger, stack: StackAddresses, text: str, coding: int, lengths: list[int]
) -> None:
    to = number()
    accepted = await messenger.send(message(to, text))
    parts = parts_to(stack, to)
    assert [len(part["text"]) for part in parts] == lengths
    assert accepted.parts == len(lengths)
    assert {part["data_coding"] for part in parts} == {coding}
    assert "".join(part["text"] for part in parts) == text


async def test_a_wrong_number_is_refused_for_good(messenger: SmppMessenger, stack: StackAddresses) -> None:
    to = number("9901")
    with pytest.raises(RefusedByProvider) as refused:
        await messenger.send(message(to, "hello"))
    assert refused.value.code == "smpp_0x0000000B"
    assert parts_to(stack, to) == []


async def test_a_throttled_text_is_held_back_and_taken_once_when_tried_again(
    messenger: SmppMessenger, stack: StackAddresses
) -> None:
    to = number("9902")
    text = message(to, "hello")
    for _ in range(2):
        with pytest.raises(NotHandedOver, match="throttled") as later:
            await messenger.send(text)
        assert later.value.retry_after == timedelta(seconds=5)
    accepted = await messenger.send(text)
    assert [part["message_id"] for part in parts_to(stack, to)] == list(accepted.provider_refs)


@pytest.mark.parametrize(("suffix", "status"), [("9906", QUEUE_FULL), ("9907", THROTTLED), ("9908", FAULT)])
async def test_a_full_queue_throttling_or_a_fault_took_nothing_and_may_be_tried_again(
    messenger: SmppMessenger, stack: StackAddresses, suffix: str, status: int
) -> None:
    to = number(suffix)
    with pytest.raises(NotHandedOver):
        await messenger.send(message(to, "款" * 71))
    assert [entry["command_status"] for entry in parts_to(stack, to, "refused")] == [status]
    assert parts_to(stack, to) == []


async def test_a_link_cut_after_a_part_leaves_the_outcome_unknown_and_the_next_text_goes_out(
    messenger: SmppMessenger, stack: StackAddresses
) -> None:
    to, other = number("9905"), number()
    with pytest.raises(OutcomeUnknown):
        await messenger.send(message(to, "款" * 71))
    assert len(parts_to(stack, to, "cut", "accepted")) == 1
    assert (await messenger.send(message(other, "hello"))).parts == 1
    assert len(parts_to(stack, other)) == 1


async def test_a_centre_that_is_not_there_took_nothing() -> None:
    messenger = SmppMessenger("127.0.0.1", closed_port(), "recourse", "secret", timeout=5)
    with pytest.raises(NotHandedOver, match="cannot bind"):
        await messenger.send(message(number(), "hello"))
    await messenger.close()


@pytest.mark.parametrize("to", ["", "+", "张三", "abc", "138\x00", "+86139/0000", "1" * 40])
async def test_what_is_no_number_is_refused_before_a_session_is_asked_for(to: str) -> None:
    messenger = SmppMessenger("127.0.0.1", closed_port(), "recourse", "x", timeout=5)
    with pytest.raises(RefusedByProvider) as refused:
        await messenger.send(message(to, "hello"))
    assert refused.value.code == "smpp_malformed"


@pytest.mark.parametrize(("body", "code"), [("x\ud800", "smpp_malformed"), ("x" * 40_000, "smpp_too_long")])
async def test_a_text_no_parts_can_carry_is_refused_before_a_session_is_asked_for(
    body: str, code: str
) -> None:
    messenger = SmppMessenger("127.0.0.1", closed_port(), "recourse", "x", timeout=5)
    with pytest.raises(RefusedByProvider) as refused:
        await messenger.send(message(number(), body))
    assert refused.value.code == code
    assert refused.value.__cause__ is None


async def test_a_number_written_with_gaps_reaches_the_centre_as_digits(
    messenger: SmppMessenger, stack: StackAddresses
) -> None:
    to = number()
    await messenger.send(message(f"{to[:3]} {to[3:6]}-{to[6:]}", "hello"))
    assert len(parts_to(stack, to)) == 1
