"""SMS over TLS: the centre is who it says it is, or not a byte of ours reaches it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recourse.gateways.smpp import SmppMessenger
from recourse.gateways.smpp_listening import SmppListener
from recourse.ports import NotHandedOver, OutcomeUnknown
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.conftest import centre, closed_port, entries, eventually, message, number
from tests.integration.gateways.test_smpp_sessions import Inbox, listening


@dataclass
class Front:
    """What ends TLS before a real centre. passed: bytes it carried to the centre."""

    port: int
    log: str
    passed: int = 0
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inner: int) -> None:
        self.lines.append(writer)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", inner)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, out: bool) -> None:
            with suppress(OSError):
                while data := await source.read(4096):
                    self.passed += len(data) * out
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, far_writer, out=True), pump(far_reader, writer, out=False))


@asynccontextmanager
async def secured_centre(
    folder: Path, signed_by: Authority, name: str = "IP:127.0.0.1"
) -> AsyncIterator[Front]:
    context: ssl.SSLContext = await asyncio.to_thread(signed_by.serving, name)
    inner, log = closed_port(), folder / "smsc.ndjson"
    front = Front(0, str(log))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await front.carry(reader, writer, inner)

    async with centre(inner, log), await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        front.port = server.sockets[0].getsockname()[1]
        yield front


@asynccontextmanager
async def messenger(port: int, cafile: str) -> AsyncIterator[SmppMessenger]:
    made = SmppMessenger("127.0.0.1", port, "recourse", "sesame", tls=True, cafile=cafile, timeout=5)
    try:
        yield made
    finally:
        await made.close()


async def test_texts_and_receipts_pass_over_tls(tmp_path: Path, ours: Authority) -> None:
    inbox, login = Inbox(), ("recourse", "sesame")
    async with (
        secured_centre(tmp_path, ours) as front,
        listening("127.0.0.1", front.port, *login, inbox, cafile=ours.cafile),
        messenger(front.port, ours.cafile) as sms,
    ):
        for _ in range(2):
            await inbox.heard(await sms.send(message(number(), "款" * 71)))
        assert len(entries(front.log, "bound")) == len(front.lines) == 2  # one to send, one to listen
        await sms.close()
        await eventually("the end of the session", lambda: entries(front.log, "unbound"))


async def test_nobody_listens_to_a_centre_that_another_authority_vouches_for(
    tmp_path: Path, ours: Authority, other: Authority
) -> None:
    async with secured_centre(tmp_path, other) as front:
        listener = SmppListener(
            "127.0.0.1", front.port, "recourse", "sesame", Inbox(), tls=True, cafile=ours.cafile, again=0.01
        )
        with pytest.raises(TimeoutError):  # it tries for ever
            await asyncio.wait_for(listener.run(), 1)
        assert not listener.bound.is_set()
        assert (front.passed, entries(front.log, "bound")) == (0, [])


async def test_a_centre_that_another_authority_vouches_for_gets_nothing(
    tmp_path: Path, ours: Authority, other: Authority
) -> None:
    async with secured_centre(tmp_path, other) as front:
        for cafile in (ours.cafile, ""):  # empty: the machine's own authorities
            async with messenger(front.port, cafile) as sms:
                with pytest.raises(NotHandedOver, match=r"not trusted.*RECOURSE_SMPP_CAFILE"):
                    await sms.send(message(number(), "hello"))
        assert (front.passed, entries(front.log, "bound")) == (0, [])


async def test_a_certificate_of_another_name_gets_nothing(tmp_path: Path, ours: Authority) -> None:
    async with secured_centre(tmp_path, ours, "DNS:elsewhere.example") as front:
        async with messenger(front.port, ours.cafile) as sms:
            with pytest.raises(NotHandedOver, match="not trusted"):
                await sms.send(message(number(), "hello"))
        assert front.passed == 0


async def test_a_plain_centre_where_tls_is_wanted_gets_no_login(tmp_path: Path, ours: Authority) -> None:
    port, log = closed_port(), tmp_path / "smsc.ndjson"
    async with centre(port, log), messenger(port, ours.cafile) as sms:
        with pytest.raises(NotHandedOver):
            await sms.send(message(number(), "hello"))
        assert entries(str(log), "bound") == []


async def test_a_line_cut_in_the_middle_is_unknown_and_the_next_text_finds_a_new_one(
    tmp_path: Path, ours: Authority
) -> None:
    async with secured_centre(tmp_path, ours) as front, messenger(front.port, ours.cafile) as sms:
        with pytest.raises(OutcomeUnknown):
            await sms.send(message(number("9905"), "hello"))
        await sms.send(message(number("9904"), "hello"))
        assert len(entries(front.log, "bound")) == 2
