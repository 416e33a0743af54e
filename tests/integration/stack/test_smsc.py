"""The SMS centre, spoken to over SMPP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import smpp34
from smpp34 import _smpp34 as codes

from recourse.stack import StackAddresses
from tests.integration.stack.conftest import logged

UCS2 = 8


@asynccontextmanager
async def _session(ends: StackAddresses, system_id: str | None = None) -> AsyncIterator[smpp34.Smsc]:
    client = smpp34.Client(
        ends.smpp_host, ends.smpp_port, system_id or ends.smpp_system_id, ends.smpp_password
    )
    try:
        yield await client.connect()
    finally:
        await client.stop()


def _number(suffix: str = "0000") -> str:
    return f"86139{secrets.randbelow(10**5):05d}{suffix}"


async def _receipt(session: smpp34.Smsc) -> smpp34.DeliverSmEvent:
    event = await asyncio.wait_for(session.next(), 10)
    assert isinstance(event, smpp34.DeliverSmEvent)
    return event


async def test_each_part_is_logged_with_its_text_and_place_in_the_whole(ends: StackAddresses) -> None:
    number = _number()
    sar = [
        smpp34.Tlv(codes.TLV_SAR_MSG_REF_NUM, (4711).to_bytes(2)),
        smpp34.Tlv(codes.TLV_SAR_TOTAL_SEGMENTS, b"\x03"),
        smpp34.Tlv(codes.TLV_SAR_SEGMENT_SEQNUM, b"\x02"),
    ]
    async with _session(ends) as session:
        text = "您的车贷已逾期".encode("utf-16-be")
        answer = await session.submit_sm(number, text, source_addr="10690", data_coding=UCS2, tlvs=sar)
    assert answer.is_success
    entry = await logged(ends.end_logs["smsc"], "accepted", message_id=answer.message_id, seconds=0)
    assert entry["destination"] == number
    assert entry["source"] == "10690"
    assert entry["data_coding"] == UCS2
    assert entry["text"] == "您的车贷已逾期"
    assert entry["sar"] == {"ref": 4711, "total": 3, "seqnum": 2}


async def test_the_default_alphabet_is_gsm_not_ascii(ends: StackAddresses) -> None:
    async with _session(ends) as session:
        answer = await session.submit_sm(_number(), b"pay \x01 5 \x00 \x1b\x65")
    entry = await logged(ends.end_logs["smsc"], "accepted", message_id=answer.message_id, seconds=0)
    assert entry["text"] == "pay £ 5 @ €"


@pytest.mark.parametrize(("suffix", "stat", "state"), [("0000", "DELIVRD", 2), ("9903", "UNDELIV", 5)])
async def test_a_receipt_names_the_message_and_what_became_of_it(
    ends: StackAddresses, suffix: str, stat: str, state: int
) -> None:
    number = _number(suffix)
    async with _session(ends) as session:
        answer = await session.submit_sm(number, b"hello", source_addr="10690", registered_delivery=1)
        receipt = await _receipt(session)
        await logged(
            ends.end_logs["smsc"], "receipt", message_id=answer.message_id, stat=stat, delivered=True
        )
    tlvs = {tlv.tag: tlv for tlv in receipt.tlvs}
    assert receipt.esm_class & 0x04
    assert receipt.source_addr == number
    assert receipt.destination_addr == "10690"
    assert tlvs[codes.TLV_RECEIPTED_MESSAGE_ID].as_string() == answer.message_id
    assert tlvs[codes.TLV_MESSAGE_STATE].as_int() == state
    assert f"stat:{stat}".encode() in receipt.short_message


@pytest.mark.parametrize(("suffix", "status"), [("9901", 0x0B), ("9906", 0x14), ("9907", 0x58)])
async def test_a_number_can_ask_to_be_refused(ends: StackAddresses, suffix: str, status: int) -> None:
    number = _number(suffix)
    async with _session(ends) as session:
        answer = await session.submit_sm(number, b"hello")
    assert (answer.is_success, answer.command_status) == (False, status)
    await logged(ends.end_logs["smsc"], "refused", destination=number, command_status=status, seconds=0)


async def test_throttling_ends_after_two_parts(ends: StackAddresses) -> None:
    number = _number("9902")
    async with _session(ends) as session:
        statuses = [(await session.submit_sm(number, b"hello")).command_status for _ in range(3)]
    assert statuses == [0x58, 0x58, 0]


async def test_a_cut_session_leaves_the_sender_without_an_answer(ends: StackAddresses) -> None:
    number = _number("9905")
    async with _session(ends) as session:
        with pytest.raises(smpp34.SmppError):
            await session.submit_sm(number, b"hello")
    await logged(ends.end_logs["smsc"], "cut", destination=number, text="hello", seconds=0)
    async with _session(ends) as session:
        assert (await session.submit_sm(_number(), b"again")).is_success


async def test_a_foreign_system_id_is_unbound(ends: StackAddresses) -> None:
    async with _session(ends, system_id="stranger") as session:
        assert isinstance(await asyncio.wait_for(session.next(), 10), smpp34.Disconnected)


async def test_what_a_person_sends_back_comes_with_his_number_and_is_logged(ends: StackAddresses) -> None:
    number = _number("9910")
    async with _session(ends) as session:
        answer = await session.submit_sm(
            number, "退订".encode("utf-16-be"), data_coding=UCS2, source_addr="10690"
        )
        text = await asyncio.wait_for(session.next(), 10)
        assert isinstance(text, smpp34.DeliverSmEvent)
        await logged(ends.end_logs["smsc"], "inbound", message_id=answer.message_id, command_status=0)
    assert (text.source_addr, text.destination_addr, text.esm_class) == (number, "10690", 0)
    assert bytes(text.short_message).decode("utf-16-be") == "退订"
