"""E-mail over TLS: the server is who it says it is, or no login and no mail passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from recourse.gateways.smtp import SmtpMessenger, Tls
from recourse.ports import Message, NotHandedOver
from tests.integration.gateways.authority import Authority
from tests.integration.gateways.conftest import scripted_smtp

MESSAGE = Message("att-1", "b@example.com", "Subject", "Body", "en")
WAYS: list[Tls] = ["starttls", "tls"]


class Server:
    """Takes every login and every mail, and remembers whether either came over TLS."""

    def __init__(self) -> None:
        self.logins: list[tuple[bytes, bool]] = []
        self.mails: list[bool] = []

    def login(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.password, session.ssl is not None or _encrypted(server)))
        return AuthResult(success=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(session.ssl is not None or _encrypted(server))
        return "250 taken"


def _encrypted(server: SMTP) -> bool:
    transport = server.transport
    return transport is not None and transport.get_extra_info("sslcontext") is not None


@asynccontextmanager
async def mail_server(
    signed_by: Authority, tls: Tls, name: str = "IP:127.0.0.1"
) -> AsyncIterator[tuple[Server, int]]:
    """(server, port) of one that speaks TLS from the first byte, or wants it before anything else is said."""
    loop, server = asyncio.get_running_loop(), Server()
    context = await asyncio.to_thread(signed_by.serving, name)
    direct, after = (context, None) if tls == "tls" else (None, context)

    def session() -> SMTP:
        return SMTP(
            server,
            loop=loop,
            hostname="test",
            tls_context=after,
            require_starttls=after is not None,
            authenticator=server.login,
            auth_require_tls=after is not None,
        )

    async with await loop.create_server(session, "127.0.0.1", 0, ssl=direct) as listening:
        yield server, listening.sockets[0].getsockname()[1]


async def _send(port: int, tls: Tls, cafile: str) -> None:
    messenger = SmtpMessenger(
        "127.0.0.1",
        port,
        "c@example.com",
        username="u",
        password="sesame",
        tls=tls,
        cafile=cafile,
        timeout=5,
    )
    await messenger.send(MESSAGE)


@pytest.mark.parametrize("tls", WAYS)
async def test_login_and_mail_pass_over_tls(ours: Authority, tls: Tls) -> None:
    async with mail_server(ours, tls) as (server, port):
        await _send(port, tls, ours.cafile)
    assert server.logins == [(b"sesame", True)]
    assert server.mails == [True]


@pytest.mark.parametrize("tls", WAYS)
async def test_a_server_that_another_authority_vouches_for_gets_no_login_and_no_mail(
    ours: Authority, other: Authority, tls: Tls
) -> None:
    async with mail_server(other, tls) as (server, port):
        with pytest.raises(NotHandedOver, match="RECOURSE_SMTP_CAFILE"):
            await _send(port, tls, ours.cafile)
        with pytest.raises(NotHandedOver, match="RECOURSE_SMTP_CAFILE"):
            await _send(port, tls, "")  # the machine's own authorities
    assert (server.logins, server.mails) == ([], [])


@pytest.mark.parametrize("tls", WAYS)
async def test_a_certificate_of_another_name_gets_no_login_and_no_mail(ours: Authority, tls: Tls) -> None:
    async with mail_server(ours, tls, "DNS:elsewhere.example") as (server, port):
        with pytest.raises(NotHandedOver, match="not trusted"):
            await _send(port, tls, ours.cafile)
    assert (server.logins, server.mails) == ([], [])


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({b"EHLO": b"250-test\r\n250 AUTH PLAIN"}, "offers no STARTTLS.*RECOURSE_SMTP_TLS"),
        ({b"EHLO": b"502 what", b"HELO": b"250 test"}, "RECOURSE_SMTP_TLS"),
        ({b"EHLO": b"250-test\r\n250-AUTH PLAIN\r\n250 STARTTLS", b"STARTTLS": b"454 not now"}, "454"),
    ],
    ids=["not offered", "no extensions", "refused"],
)
async def test_without_starttls_nothing_is_told_to_the_server(
    ours: Authority, answers: dict[bytes, bytes], says: str
) -> None:
    heard: list[bytes] = []
    async with scripted_smtp(answers, heard) as port:
        with pytest.raises(NotHandedOver, match=says):
            await _send(port, "starttls", ours.cafile)
    assert {command.split()[0] for command in heard} <= {b"EHLO", b"HELO", b"STARTTLS", b"QUIT"}


async def test_a_plain_server_where_tls_is_wanted_gets_nothing(ours: Authority) -> None:
    heard: list[bytes] = []
    async with scripted_smtp({}, heard) as port:
        with pytest.raises(NotHandedOver, match="TLS"):
            await _send(port, "tls", ours.cafile)
    assert not [line for line in heard if b"sesame" in line or b"AUTH" in line or b"MAIL" in line]
