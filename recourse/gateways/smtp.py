"""E-mail over SMTP. Which phase fails decides: before the message was handed over nothing has left."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from email.utils import formatdate

import aiosmtplib
from aiosmtplib import (
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from recourse.ports import Accepted, Message, NotHandedOver, OutcomeUnknown, RefusedByProvider

_PERMANENT = range(500, 600)


class SmtpMessenger:
    """timeout: seconds for each command. starttls: None takes it where the server offers it."""

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        username: str | None = None,
        password: str | None = None,
        starttls: bool | None = None,
        timeout: float = 15,
    ) -> None:
        self._sender, self._username, self._password = sender, username, password
        self._host, self._port, self._starttls, self._timeout = host, port, starttls, timeout

    async def send(self, message: Message) -> Accepted:
        try:
            mail = self._compose(message)
        except ValueError:
            raise RefusedByProvider("smtp_malformed") from None
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            start_tls=self._starttls,
            timeout=self._timeout,
        )
        await self._open(client, message.to)
        try:
            await client.data(mail.as_bytes())
        except SMTPResponseException as error:
            raise _by_code(error.code) from None
        except (SMTPException, OSError, TimeoutError):
            # The text was on its way when the line broke: the server may have taken it.
            raise OutcomeUnknown("smtp: no answer after the message was sent") from None
        finally:
            client.close()
        return Accepted((str(mail["Message-ID"]),))

    async def _open(self, client: aiosmtplib.SMTP, to: str) -> None:
        """Everything before DATA: a failure here means that nothing has left."""
        try:
            await self._greet(client)
            await client.rcpt(to)
        except SMTPRecipientsRefused as error:
            client.close()
            raise _by_code(error.recipients[0].code) from None
        except SMTPResponseException as error:
            client.close()
            raise _by_code(error.code) from None
        except ValueError:  # its text would repeat the address
            client.close()
            raise RefusedByProvider("smtp_malformed") from None
        except (SMTPException, OSError, TimeoutError):
            client.close()
            raise NotHandedOver("smtp: the line broke before the message") from None

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        """Connect, log in, say who sends. A no to any of it is about us, never about the recipient: a wrong
        password must not end everybody's reminders as if their mailboxes were dead."""
        try:
            await client.connect()
            await client.mail(self._sender)
        except (SMTPConnectError, SMTPConnectTimeoutError, SMTPConnectResponseError):
            client.close()
            raise NotHandedOver("smtp: no connection") from None
        except SMTPResponseException as error:
            client.close()
            raise NotHandedOver(f"smtp_{error.code}: the server refuses us; check the login") from None

    def _compose(self, message: Message) -> EmailMessage:
        """The Message-ID comes from the key: a repeated send, should one ever happen, can be recognised."""
        mail = EmailMessage()
        domain = self._sender.rpartition("@")[2] or "localhost"
        mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
        mail["From"] = self._sender
        mail["To"] = message.to
        mail["Subject"] = message.subject or ""
        mail["Date"] = formatdate(usegmt=True)
        mail["Auto-Submitted"] = "auto-generated"
        mail["Content-Language"] = message.language
        mail.set_content(message.body, cte="base64")
        return mail


def _by_code(code: int) -> NotHandedOver | RefusedByProvider:
    """RFC 5321 §4.2.1: 5yz is final, 4yz may be tried again."""
    return RefusedByProvider(f"smtp_{code}") if code in _PERMANENT else NotHandedOver(f"smtp_{code}")
