"""Listening over SMPP 3.4: what the centre delivers is answered when it is written down, and not before.

The library that sends answers each `deliver_sm` before anybody has read it, so a text that came while the
database was away would be lost. Here a temporary error is the answer then, and the centre delivers it again.
The frames are the library's where it has them; the session around them is ours, and it sends nothing.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import smpp34
import structlog
from smpp34 import _smpp34 as codes

from recourse.contracts.delivery import Unacceptable
from recourse.gateways.sms_text import decode
from recourse.gateways.tls import kept_out, trusting

log = structlog.get_logger()

_HEADER = struct.Struct(">IIII")
_BIND, _UNBIND, _DELIVER, _ENQUIRE, _NACK = 0x09, 0x06, 0x05, 0x15, 0x80000000
_ANSWER = 0x80000000
"""Of any command: this bit set, SMPP 3.4 §5.1.2.1."""
_VERSION = 0x34
_LONGEST = 70_000
"""Octets: a message_payload has 64 KiB at most; whatever says that it is longer speaks another protocol."""
_OK, _TEMPORARY, _FOR_GOOD = codes.ESME_ROK, 0x64, 0x65  # SMPP 3.4, table 5-2: ESME_RX_T_APPN, ESME_RX_P_APPN
_RECEIPT, _NOTIFICATION, _HEADED = 0x04, 0x20, 0x40  # SMPP 3.4 §5.2.12, bits of esm_class
_MESSAGE_STATES = {2: "delivered", 3: "expired", 5: "undeliverable", 8: "undeliverable"}


class ReceiptState(StrEnum):
    DELIVERED = "delivered"
    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the centre says became of one part."""

    provider_ref: str
    state: ReceiptState


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text, or a part of one, that somebody sent us. reference: the centre's own id, where it gives one."""

    number: str = field(repr=False)
    text: str = field(repr=False)
    reference: str = ""


Take = Callable[[Receipt | Inbound], Awaitable[None]]
"""Writes it down; whatever it raises, the centre is asked to deliver it again."""


class _Ended(Exception):
    """The session is over; the text says why."""


class SmppListener:
    """timeout: seconds to bind and to wait for a sign of life. quiet: seconds of silence before one is asked
    for. again: seconds before the next bind."""

    def __init__(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        take: Take,
        *,
        tls: bool = False,
        cafile: str = "",
        timeout: float = 10,
        quiet: float = 30,
        again: float = 5,
    ) -> None:
        self._host, self._port, self._system_id, self._password = host, port, system_id, password
        self._context = trusting(cafile) if tls else None
        self._take, self._timeout, self._quiet, self._again = take, timeout, quiet, again
        self.bound = asyncio.Event()
        """While somebody would be heard."""

    async def run(self) -> None:
        """Until cancelled; a session that ends is followed by another."""
        told = False
        while True:
            try:
                await self._session()
            except (OSError, TimeoutError, EOFError, _Ended) as error:
                if self.bound.is_set() or not told:
                    why = str(error) if isinstance(error, _Ended) else type(error).__name__
                    why = str(kept_out("smpp", error) or why)
                    log.warning("nobody listens to the SMS centre, trying again", error=why)
                told = True
            self.bound.clear()
            await asyncio.sleep(self._again)

    async def _session(self) -> None:
        async with asyncio.timeout(self._timeout):
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
        try:
            await self._bind(reader, writer)
            self.bound.set()
            log.info("listening to the SMS centre")
            while True:
                await self._answer(await self._next(reader, writer), writer)
        finally:
            with suppress(OSError):
                writer.write(_frame(_UNBIND, _OK, 1))
            writer.close()

    async def _bind(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As a transceiver, though nothing is sent: every centre has it."""
        names = [self._system_id.encode(), self._password.encode(), b""]
        body = b"".join(name + b"\0" for name in names) + bytes([_VERSION, 0, 0]) + b"\0"
        writer.write(_frame(_BIND, _OK, 1, body))
        async with asyncio.timeout(self._timeout):
            answer = await _read(reader)
        if (answer.command, answer.status) != (_BIND | _ANSWER, _OK):
            raise _Ended(f"not let in, smpp_0x{answer.status:08X}")

    async def _next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Pdu:
        """A line that is silent may be dead, and no one would know: the centre is asked, and must answer."""
        coming = asyncio.ensure_future(_read(reader))
        try:
            done, _ = await asyncio.wait({coming}, timeout=self._quiet)
            if not done:
                writer.write(_frame(_ENQUIRE, _OK, 2))
                await asyncio.wait({coming}, timeout=self._timeout)
            if not coming.done():
                raise _Ended("it gives no sign of life")
            return coming.result()
        finally:
            coming.cancel()

    async def _answer(self, pdu: _Pdu, writer: asyncio.StreamWriter) -> None:
        if pdu.command == _DELIVER:
            status = await self._taken(pdu.octets)
            writer.write(_frame(_DELIVER | _ANSWER, status, pdu.sequence, b"\0"))
        elif pdu.command in {_ENQUIRE, _UNBIND}:
            writer.write(_frame(pdu.command | _ANSWER, _OK, pdu.sequence))
        elif not pdu.command & _ANSWER:
            writer.write(_frame(_NACK, codes.ESME_RINVCMDID, pdu.sequence))
        await writer.drain()
        if pdu.command == _UNBIND:
            raise _Ended("it said goodbye")

    async def _taken(self, octets: bytes) -> int:
        """The status to answer with, when it is written down or is known not to be."""
        try:
            said = understood(octets)
            if said is not None:
                await self._take(said)
        except (smpp34.SmppError, Unacceptable) as error:
            log.error("a delivery of the SMS centre cannot be kept", error=type(error).__name__)
            return _FOR_GOOD
        except Exception as error:
            log.warning("a delivery of the SMS centre waits for its repetition", error=type(error).__name__)
            return _TEMPORARY
        return _OK


@dataclass(frozen=True, slots=True)
class _Pdu:
    command: int
    status: int
    sequence: int
    octets: bytes = field(repr=False)


def _frame(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), command, status, sequence) + body


async def _read(reader: asyncio.StreamReader) -> _Pdu:
    head = await reader.readexactly(_HEADER.size)
    length, command, status, sequence = _HEADER.unpack(head)
    if not _HEADER.size <= length <= _LONGEST:
        raise _Ended("it speaks another protocol")
    return _Pdu(command, status, sequence, head + await reader.readexactly(length - _HEADER.size))


def understood(octets: bytes) -> Receipt | Inbound | None:
    """What a `deliver_sm` says; None where it says nothing to us. Raises SmppError for one that is none."""
    event = smpp34.decode(octets)
    if not isinstance(event, smpp34.DeliverSm):
        raise smpp34.SmppError("no deliver_sm")
    tlvs = {tlv.tag: bytes(tlv.value) for tlv in event.tlvs}
    reference = tlvs.get(codes.TLV_RECEIPTED_MESSAGE_ID, b"").rstrip(b"\x00").decode("ascii", "replace")
    if event.esm_class & _RECEIPT:
        # SMPP 3.4 §5.3.2.12 and .35: the message id and its state stand in the optional parameters.
        state = tlvs.get(codes.TLV_MESSAGE_STATE, b"\x00")[0]
        return Receipt(reference, ReceiptState(_MESSAGE_STATES.get(state, "unknown"))) if reference else None
    if event.esm_class & _NOTIFICATION:
        return None
    body = tlvs.get(codes.TLV_MESSAGE_PAYLOAD) or bytes(event.short_message)
    if event.esm_class & _HEADED and body:
        body = body[1 + body[0] :]
    return Inbound(event.source_addr, decode(body, event.data_coding), reference)
