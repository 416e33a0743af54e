"""SMS over SMPP 3.4: one long-lived session that only sends, long texts in counted parts."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import smpp34
from smpp34 import _smpp34 as codes

from recourse.gateways.sms_text import split
from recourse.gateways.tls import Tunnel, kept_out, trusting
from recourse.ports import Accepted, Message, NotHandedOver, OutcomeUnknown, RefusedByProvider

_THROTTLED = {codes.ESME_RTHROTTLED, codes.ESME_RMSGQFUL}
_RINVBNDSTS = 0x04  # the library has no name for it
_NOT_ABOUT_THE_RECIPIENT = {codes.ESME_RSYSERR, _RINVBNDSTS}
"""The centre has a fault, or has forgotten our bind: the same text may be offered again later."""
_TRY_AGAIN_AFTER = timedelta(seconds=5)
_LATER_PARTS = 5
"""How often a part after the first is offered to a throttling centre before the outcome is unknown."""
_SEPARATORS = re.compile("[ -]")
_NUMBER = re.compile("[0-9]{3,20}")
"""SMPP 3.4 §5.2.9: at most 20 characters. A library that is handed more, or a NUL, sends it as it is."""
_MOST_PARTS = 255
"""SMPP 3.4 §5.3.2.23: the number of parts is one octet."""


class SmppMessenger:
    """timeout: seconds to bind and to wait for each answer. cafile: PEM of the authorities, empty for the
    machine's own; the library could not be told any, nor say why it was refused."""

    def __init__(
        self,
        host: str,
        port: int,
        system_id: str,
        password: str,
        *,
        source: str = "",
        tls: bool = False,
        cafile: str = "",
        timeout: float = 10,
    ) -> None:
        self._host, self._port, self._system_id, self._password = host, port, system_id, password
        self._source, self._timeout = source, timeout
        self._context = trusting(cafile) if tls else None
        self._tunnel: Tunnel | None = None
        self._binding = asyncio.Lock()
        self._client: smpp34.Client | None = None
        self._session: smpp34.Smsc | None = None

    async def send(self, message: Message) -> Accepted:
        """Every part is encoded before a session is asked for: what cannot be encoded has surely not left."""
        prepared = _prepare(message)
        session = await self._bound()
        refs: list[str] = []
        for number in range(1, len(prepared.parts) + 1):
            refs.append(await self._part(session, prepared, number))
        return Accepted(tuple(refs), parts=len(refs))

    async def reach(self) -> None:
        """Connection and TLS, and no bind: the contract may allow no more sessions than there are workers.
        Raises NotHandedOver with what is in the way."""
        try:
            async with asyncio.timeout(self._timeout):
                _, writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
        except (TimeoutError, OSError) as error:
            raise kept_out("smpp", error) or NotHandedOver("smpp: no connection") from None
        writer.close()

    async def close(self) -> None:
        await self._drop()

    async def _part(self, session: smpp34.Smsc, prepared: _Prepared, number: int) -> str:
        """Offer one part. Once a part was accepted the person may get half a message: no clean retry then."""
        first = number == 1
        for _ in range(1 if first else _LATER_PARTS):
            answer = await self._submit(session, prepared, number)
            if answer.is_success:
                return str(answer.message_id)
            if first and answer.command_status in _NOT_ABOUT_THE_RECIPIENT:
                raise NotHandedOver(f"smpp_0x{answer.command_status:08X}", _TRY_AGAIN_AFTER)
            if answer.command_status not in _THROTTLED:
                if first:
                    raise RefusedByProvider(f"smpp_0x{answer.command_status:08X}")
                raise OutcomeUnknown("smpp: a later part was refused")
            if first:
                raise NotHandedOver("smpp: throttled", _TRY_AGAIN_AFTER)
            await asyncio.sleep(1)
        raise OutcomeUnknown("smpp: throttled in the middle of a message")

    async def _submit(self, session: smpp34.Smsc, prepared: _Prepared, number: int) -> smpp34.SubmitSmResp:
        total, tlvs = len(prepared.parts), []
        if total > 1:
            tlvs = [
                smpp34.Tlv(codes.TLV_SAR_MSG_REF_NUM, prepared.reference),
                smpp34.Tlv(codes.TLV_SAR_TOTAL_SEGMENTS, bytes([total])),
                smpp34.Tlv(codes.TLV_SAR_SEGMENT_SEQNUM, bytes([number])),
            ]
        try:
            return await asyncio.wait_for(
                session.submit_sm(
                    prepared.to,
                    prepared.parts[number - 1],
                    source_addr=self._source,
                    registered_delivery=1,
                    data_coding=prepared.data_coding,
                    tlvs=tlvs,
                ),
                self._timeout,
            )
        except (TimeoutError, smpp34.SmppError, OSError):
            if session is self._session:  # else somebody has bound a new one, which others use by now
                await self._drop()
            raise OutcomeUnknown("smpp: no answer to a submitted part") from None

    async def _bound(self) -> smpp34.Smsc:
        async with self._binding:
            client, session = self._client, self._session
            alive = client is not None and await client.is_alive()
            if session is not None and alive and session is self._session:  # not dropped while we asked
                return session
            await self._drop()
            try:
                async with asyncio.timeout(self._timeout):
                    session = await (await self._line()).connect()
            except (TimeoutError, smpp34.SmppError, OSError) as error:
                await self._drop()
                cannot_bind = NotHandedOver("smpp: cannot bind", _TRY_AGAIN_AFTER)
                raise kept_out("smpp", error) or cannot_bind from None
            self._session = session
            return session

    async def _line(self) -> smpp34.Client:
        """Not yet connected, and ours to drop from here on."""
        address = self._host, self._port
        if self._context is not None:
            self._tunnel = await Tunnel.to(*address, self._context)
            address = self._tunnel.address
        # A transmitter: the library would answer what comes in before it is written down (SmppListener).
        self._client = smpp34.Client(*address, self._system_id, self._password, bind_type="TX")
        return self._client

    async def _drop(self) -> None:
        client, session, tunnel = self._client, self._session, self._tunnel
        self._client = self._session = self._tunnel = None
        if session is not None:
            with suppress(smpp34.SmppError, OSError, TimeoutError):
                await asyncio.wait_for(session.unbind(), 2)
        if client is not None:
            with suppress(smpp34.SmppError, OSError, TimeoutError):
                await asyncio.wait_for(client.stop(), 2)
        if tunnel is not None:
            tunnel.close()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A message as it goes over the line. reference: ties its parts together, the same at every try."""

    to: str = field(repr=False)
    parts: tuple[bytes, ...] = field(repr=False)
    data_coding: int
    reference: bytes


def _prepare(message: Message) -> _Prepared:
    """Raises RefusedByProvider for a number that is none, and for a text that no parts can carry."""
    to = _SEPARATORS.sub("", message.to).removeprefix("+")
    if not _NUMBER.fullmatch(to):
        raise RefusedByProvider("smpp_malformed")
    try:
        whole = split(message.body)
        parts = whole.parts
    except Exception:  # its text would repeat the message
        raise RefusedByProvider("smpp_malformed") from None
    if len(parts) > _MOST_PARTS:
        raise RefusedByProvider("smpp_too_long")
    reference = hashlib.sha256(message.key.encode()).digest()[:2]
    return _Prepared(to, parts, whole.alphabet.data_coding, reference)
