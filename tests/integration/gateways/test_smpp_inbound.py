"""Texts that people send back, from a real SMPP 3.4 centre: none is answered before it is written down."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import smpp34
from smpp34 import _smpp34 as codes
from structlog.testing import capture_logs

from recourse.contracts.delivery import Unacceptable, Unavailable
from recourse.gateways.smpp_listening import Inbound, Receipt, SmppListener, understood
from tests.integration.gateways.conftest import centre, closed_port, entries, eventually, number
from tests.integration.gateways.test_smpp_sessions import listening

GSM, LATIN, UCS2, GB = 0, 3, 8, 15
HEADED = 0x40
TEMPORARY, FOR_GOOD = 0x64, 0x65  # SMPP 3.4, table 5-2


def answering() -> str:
    """A number whose person sends back the very text that was sent there."""
    return number("9910").removeprefix("+")


class Inbox:
    """Keeps texts; before it does, it raises what it was given, one at a time."""

    def __init__(self, *failures: Exception) -> None:
        self.texts: list[Inbound] = []
        self.failures = list(failures)

    async def __call__(self, said: Receipt | Inbound) -> None:
        assert isinstance(said, Inbound)
        if self.failures:
            raise self.failures.pop(0)
        self.texts.append(said)


async def say(port: int, sender: str, text: str, coding: int = GSM) -> None:
    """Through a session of its own that receives nothing."""
    client = smpp34.Client("127.0.0.1", port, "recourse", "x", bind_type="TX")
    codec = {GSM: "ascii", LATIN: "latin-1", UCS2: "utf-16-be", GB: "gb18030"}[coding]
    session = await client.connect()
    await session.submit_sm(sender, text.encode(codec), source_addr="10690001", data_coding=coding)
    await client.stop()


@asynccontextmanager
async def heard(inbox: Inbox, tmp_path: Path) -> AsyncIterator[tuple[int, str]]:
    """A centre of the test's own and somebody who listens: its port and its log."""
    port, log = closed_port(), tmp_path / "smsc.ndjson"
    async with centre(port, log), listening("127.0.0.1", port, "recourse", "x", inbox):
        yield port, str(log)


def statuses(log: str, sender: str) -> list[int | None]:
    return [entry["command_status"] for entry in entries(log, "inbound", source=sender)]


@pytest.mark.parametrize(("text", "coding"), [("STOP", GSM), ("STOP é", LATIN), ("退订", UCS2), ("退订", GB)])
async def test_a_text_comes_with_its_number_in_whatever_alphabet(
    tmp_path: Path, text: str, coding: int
) -> None:
    inbox, sender = Inbox(), answering()
    async with heard(inbox, tmp_path) as (port, log):
        await say(port, sender, text, coding)
        await eventually("an answer", lambda: statuses(log, sender) == [0])
    assert [(said.number, said.text) for said in inbox.texts] == [(sender, text)]


async def test_a_text_that_could_not_be_written_down_is_not_acknowledged_and_comes_again(
    tmp_path: Path,
) -> None:
    inbox, sender = Inbox(Unavailable("ConnectionError"), RuntimeError("a fault of our own")), answering()
    async with heard(inbox, tmp_path) as (port, log):
        await say(port, sender, "STOP")
        await eventually("the third try", lambda: len(statuses(log, sender)) == 3)
    assert statuses(log, sender) == [TEMPORARY, TEMPORARY, 0]
    assert [said.text for said in inbox.texts] == ["STOP"]


async def test_what_can_never_be_kept_is_refused_for_good_and_does_not_come_again(tmp_path: Path) -> None:
    inbox, sender, after = Inbox(Unacceptable("DataError")), answering(), answering()
    async with heard(inbox, tmp_path) as (port, log):
        await say(port, sender, "x")
        await eventually("its refusal", lambda: statuses(log, sender) == [FOR_GOOD])
        await say(port, after, "next")
        await eventually("the next", lambda: statuses(log, after) == [0])
    assert statuses(log, sender) == [FOR_GOOD]


async def test_a_text_that_came_while_nobody_listened_is_heard_later(tmp_path: Path) -> None:
    port, log, inbox, sender = closed_port(), tmp_path / "smsc.ndjson", Inbox(), answering()
    async with centre(port, log):
        await say(port, sender, "STOP")
        await eventually("a try without a listener", lambda: statuses(str(log), sender) != [])
        async with listening("127.0.0.1", port, "recourse", "x", inbox):
            await eventually("the text", lambda: inbox.texts)
    assert set(statuses(str(log), sender)[:-1]) == {None}


async def test_neither_number_nor_text_stands_in_a_log(tmp_path: Path) -> None:
    inbox, sender = Inbox(Unavailable("x"), RuntimeError(f"{answering()} STOP")), answering()
    with capture_logs() as logs:
        async with heard(inbox, tmp_path) as (port, log):
            await say(port, sender, "STOP")
            await eventually("the third try", lambda: len(statuses(log, sender)) == 3)
    assert [entry["error"] for entry in logs if "error" in entry] == ["Unavailable", "RuntimeError"]
    assert sender not in str(logs)
    assert "STOP" not in str(logs) + repr(inbox.texts)


class Scripted:
    """A centre that lets in and then does as the test says."""

    def __init__(self) -> None:
        self.binds, self.read = 0, bytearray()
        self.writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\x34\x00\x00\x00")
        self.binds, self.writer = self.binds + 1, writer
        writer.write(struct.pack(">IIII", 16, 0x80000009, 0, 1))
        while data := await reader.read(4096):
            self.read += data
        writer.close()


@pytest.mark.parametrize(
    "mischief", [None, b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">IIII", 2**31, 5, 0, 1)]
)
async def test_a_line_that_is_dead_or_speaks_something_else_is_left_for_a_new_one(
    mischief: bytes | None,
) -> None:
    centre_ = Scripted()
    async with await asyncio.start_server(centre_.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        listener = SmppListener("127.0.0.1", port, "r", "x", Inbox(), timeout=0.1, quiet=0.1, again=0)
        running = asyncio.create_task(listener.run())
        await eventually("the first bind", lambda: centre_.binds == 1)
        if mischief is not None and centre_.writer is not None:
            centre_.writer.write(mischief)
        await eventually("another bind", lambda: centre_.binds >= 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _pdu(text: bytes, **values: object) -> bytes:
    return smpp34.DeliverSm("8613900000000", "10690001", text, **values).encode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (_pdu(b"STOP"), "STOP"),
        (_pdu(b"\x00 \x1b\x65 5"), "@ € 5"),  # the GSM alphabet, 3GPP TS 23.038
        (_pdu(b"\x05\x00\x03\x07\x02\x01STOP", esm_class=HEADED), "STOP"),  # a part of a longer one
        (_pdu(b"", tlvs=[smpp34.Tlv(codes.TLV_MESSAGE_PAYLOAD, b"STOP")]), "STOP"),
        (_pdu("退订".encode("utf-16-be") + b"\x00", data_coding=UCS2), "退订�"),
        (_pdu(b"STOP", data_coding=0xF1), "STOP"),
    ],
)
def test_the_text_is_found_wherever_a_centre_puts_it(octets: bytes, text: str) -> None:
    said = understood(octets)
    assert isinstance(said, Inbound)
    assert (said.number, said.text) == ("8613900000000", text)


@pytest.mark.parametrize("esm_class", [0x04, 0x20])
def test_a_receipt_without_a_reference_and_a_notification_say_nothing(esm_class: int) -> None:
    assert understood(_pdu(b"id:1 stat:DELIVRD", esm_class=esm_class)) is None
