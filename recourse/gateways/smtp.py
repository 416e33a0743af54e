"""E-mail over SMTP. Which phase fails decides: before the message was handed over nothing has left."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

import aiosmtplib
from aiosmtplib import (
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from recourse.gateways.tls import kept_out, trusting
from recourse.ports import Accepted, Message, NotHandedOver, OutcomeUnknown, RefusedByProvider

Tls = Literal["none", "starttls", "tls"]
"""`starttls` after a plain greeting, `tls` from the first byte; if the server has none, nothing is sent."""
_PERMANENT = range(500, 600)
_SAYS_NO = range(400, 600)
_OPENING = 2
"""How many commands' time all that comes before the mail may take together."""


class SmtpMessenger:
    """timeout: seconds for each command. cafile: PEM of the authorities, empty for the machine's own."""

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: Tls = "none",
        cafile: str = "",
        timeout: float = 15,
    ) -> None:
        self._sender, self._username, self._password = sender, username, password
        self._host, self._port, self._tls, self._timeout = host, port, tls, timeout
        self._context = None if tls == "none" else trusting(cafile)

    async def send(self, message: Message) -> Accepted:
        """Composed to the last byte before a line is opened: what cannot be written has surely not left."""
        mail = self._compose(message)
        client = self._client()
        try:
            await self._open(client, mail.to)
            await _hand_over(client, mail.content)
        finally:
            client.close()
        return Accepted((mail.message_id,))

    async def reach(self) -> None:
        """Greeting, TLS and login, and no mail. Raises NotHandedOver with what is in the way."""
        client = self._client()
        try:
            async with asyncio.timeout(_OPENING * self._timeout):
                await self._enter(client)
        except TimeoutError:
            raise NotHandedOver("smtp: no connection") from None
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        """It neither upgrades nor logs in by itself: in which order that happens is ours to say."""
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._tls == "tls",
            start_tls=False,
            tls_context=self._context,
            timeout=self._timeout,
        )

    async def _open(self, client: aiosmtplib.SMTP, to: str) -> None:
        """Everything before DATA: a failure here means that nothing has left. It has an end as a whole, too:
        from outside nobody can tell a server that drags out its greeting from one that has the mail."""
        try:
            async with asyncio.timeout(_OPENING * self._timeout):
                await self._greet(client)
                await client.rcpt(to)
        except NotHandedOver:
            raise
        except SMTPRecipientsRefused as error:
            raise _by_code(error.recipients[0].code) from None
        except SMTPResponseException as error:
            raise _by_code(error.code) from None
        except ValueError:  # its text would repeat the address
            raise RefusedByProvider("smtp_malformed") from None
        except (SMTPException, OSError, TimeoutError):
            raise NotHandedOver("smtp: the line broke before the message") from None
        except Exception as error:
            raise NotHandedOver(f"smtp: {type(error).__name__} before the message") from None

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        """A no to any of it is about us, never about the recipient: a wrong password must not end everybody's
        reminders as if their mailboxes were dead."""
        await self._enter(client)
        try:
            await client.mail(self._sender)
        except SMTPResponseException as error:
            raise _refuses_us(error) from None

    async def _enter(self, client: aiosmtplib.SMTP) -> None:
        """Connect, encrypt, log in. Every failure is NotHandedOver."""
        try:
            await client.connect()
            if self._tls == "starttls":
                with suppress(SMTPHeloError):  # a server without EHLO has no extensions either
                    await client.ehlo()
                if not client.supports_extension("starttls"):
                    raise NotHandedOver("smtp: the server offers no STARTTLS; see RECOURSE_SMTP_TLS")
                await client.starttls()
            if self._username is not None:
                await client.login(self._username, self._password or "")
        except (SMTPConnectError, SMTPConnectTimeoutError, SMTPConnectResponseError) as error:
            raise kept_out("smtp", error) or NotHandedOver("smtp: no connection") from None
        except SMTPResponseException as error:
            raise _refuses_us(error) from None
        except (SMTPException, OSError) as error:
            broke = NotHandedOver("smtp: the line broke before the message")
            raise kept_out("smtp", error) or broke from None

    def _compose(self, message: Message) -> _Mail:
        """The Message-ID comes from the key: a repeated send, should one ever happen, can be recognised.

        Any error of composing is a refusal: Python's header parser answers a malformed address with whatever
        it stumbles over (IndexError for "zhang@", AttributeError for "a@["), and what escaped from here would
        leave a claim behind that looks as if it might have been sent.
        """
        mail = EmailMessage()
        domain = self._sender.rpartition("@")[2] or "localhost"
        message_id = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
        try:
            mail["From"] = self._sender
        except Exception:
            raise NotHandedOver("smtp: the sender is no address; mend RECOURSE_SMTP_SENDER") from None
        try:
            mail["Message-ID"] = message_id
            mail["To"] = message.to
            mail["Subject"] = message.subject or ""
            mail["Date"] = formatdate(usegmt=True)
            mail["Auto-Submitted"] = "auto-generated"
            mail["Content-Language"] = message.language
            mail.set_content(message.body, cte="base64")
            if message.paper is not None:
                name = f"{message.paper.id}.pdf"
                mail.add_attachment(message.paper.content, "application", "pdf", filename=name)
            return _Mail(_one_mailbox(mail), message_id, mail.as_bytes())
        except Exception:  # its text would repeat the address
            raise RefusedByProvider("smtp_malformed") from None


@dataclass(frozen=True, slots=True)
class _Mail:
    """to: the one mailbox, as RCPT names it. content: the mail as it goes over the line."""

    to: str = field(repr=False)
    message_id: str
    content: bytes = field(repr=False)


def _one_mailbox(mail: EmailMessage) -> str:
    """The notice is for one person: a list, a group or half an address is none. Raises ValueError."""
    header = mail["To"]
    if header.defects or len(header.addresses) != 1:
        raise ValueError("to: not one mailbox")
    [address] = header.addresses
    if not address.username or not address.domain:
        raise ValueError("to: no mailbox, or no domain")
    spec = str(address.addr_spec)
    spec.encode("ascii")  # UnicodeEncodeError, a ValueError: beyond ASCII needs SMTPUTF8, which we do not ask
    return spec


async def _hand_over(client: aiosmtplib.SMTP, content: bytes) -> None:
    """From here on only the server's own no, a well-formed 4yz or 5yz, says that it did not take the mail."""
    try:
        await client.data(content)
    except SMTPResponseException as error:
        if error.code in _SAYS_NO:
            raise _by_code(error.code) from None
        raise OutcomeUnknown("smtp: an answer that cannot be read after the message was sent") from None
    except Exception:
        # The text was on its way when the line broke: the server may have taken it.
        raise OutcomeUnknown("smtp: no answer after the message was sent") from None


def _refuses_us(error: SMTPResponseException) -> NotHandedOver:
    return NotHandedOver(f"smtp_{error.code}: the server refuses us; check the login")


def _by_code(code: int) -> NotHandedOver | RefusedByProvider:
    """RFC 5321 §4.2.1: 5yz is final, 4yz may be tried again."""
    return RefusedByProvider(f"smtp_{code}") if code in _PERMANENT else NotHandedOver(f"smtp_{code}")
