"""An SMTP server that delivers nothing and logs everything.

What it does is chosen by a recipient's local part (before any `+`) or by the first label of the domain:

* `reject@…`, `…@reject.example`: 550 at RCPT, no such mailbox, for ever
* `busy@…`, `…@busy.example`: 451 at RCPT, try later, for ever
* `greylist@…`, `…@greylist.example`: 451 at the first RCPT of that address, accepted afterwards
* `drop@…`, `…@drop.example`: takes and logs the message, then cuts the connection, so the sender cannot know
* anything else: 250

Log: `accepted` and `dropped` {mail_from, rcpt, message_id, subject, headers [[name, value]], text,
attached [{name, type, sha256}],
received_at}; `refused` {rcpt, code}. `text` is the decoded text/plain part (else the first text part).
"""

from __future__ import annotations

import asyncio
import email
import email.message
import email.policy
import hashlib
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from recourse.stack.ends.log import EndLog, now
from recourse.stack.ends.serve import parser

KNOBS: Final = frozenset({"reject", "busy", "greylist", "drop"})
LARGEST_MESSAGE_BYTES: Final = 32 * 1024 * 1024


def knob_of(address: str) -> str:
    """The behaviour an address asks for, or the empty string."""
    local, _, domain = address.lower().rpartition("@")
    candidates = (local.partition("+")[0], domain.partition(".")[0])
    return next((candidate for candidate in candidates if candidate in KNOBS), "")


class Sink:
    """The handler aiosmtpd calls; answers are SMTP reply lines."""

    def __init__(self, log: EndLog) -> None:
        self._log = log
        self._greylisted: set[str] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Refuses or notes one recipient."""
        knob = knob_of(address)
        first_time = address not in self._greylisted
        self._greylisted.add(address)
        if knob == "reject":
            return self._refuse(address, "550 5.1.1 no such mailbox")
        if knob == "busy" or (knob == "greylist" and first_time):
            return self._refuse(address, "451 4.3.0 try again later")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Logs one message; for a `drop` recipient the connection ends without an answer."""
        drop = any(knob_of(address) == "drop" for address in envelope.rcpt_tos)
        self._log.write("dropped" if drop else "accepted", **_described(envelope))
        if drop and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "250 2.0.0 accepted"

    def _refuse(self, address: str, answer: str) -> str:
        self._log.write("refused", rcpt=address, code=int(answer[:3]))
        return answer


def _described(envelope: Envelope) -> dict[str, Any]:
    content = envelope.original_content or b""
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    return {
        "mail_from": envelope.mail_from,
        "rcpt": list(envelope.rcpt_tos),
        "message_id": message["Message-ID"],
        "subject": message["Subject"],
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": body.get_content() if body is not None else "",
        "attached": [_digest(part) for part in message.iter_attachments()],
        "received_at": now(),
    }


def _digest(part: email.message.EmailMessage) -> dict[str, Any]:
    content = part.get_payload(decode=True)
    kept = content if isinstance(content, bytes) else b""
    return {
        "name": part.get_filename(),
        "type": part.get_content_type(),
        "sha256": hashlib.sha256(kept).hexdigest(),
    }


async def serve(host: str, port: int, log: EndLog) -> None:
    """Listens until cancelled."""
    loop = asyncio.get_running_loop()
    sink = Sink(log)

    def session() -> SMTP:
        return SMTP(
            sink,
            enable_SMTPUTF8=True,
            data_size_limit=LARGEST_MESSAGE_BYTES,
            loop=loop,
            ident="recourse sink",
        )

    server = await loop.create_server(session, host, port)
    await server.serve_forever()


def main() -> None:
    options = parser("An SMTP server that delivers nothing and logs everything.").parse_args()
    asyncio.run(serve(options.host, options.port, EndLog(options.log)))


if __name__ == "__main__":
    main()
