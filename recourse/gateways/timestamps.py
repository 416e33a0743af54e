"""Time stamps over checkpoints (RFC 3161): asked of an authority over HTTP, and checked against its roots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from recourse.gateways.bounded import posted
from recourse.ports import NotHandedOver, RefusedByProvider

_GRANTED: Final = 0
_HEADERS: Final = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}


class StampError(ValueError):
    """What is no time stamp over these bytes by an authority that is trusted; says why."""


@dataclass(frozen=True, slots=True)
class TimestampRoots:
    """Whom a time stamp is believed. A certificate need not be valid today, only at the time it names."""

    certificates: tuple[Certificate, ...]

    @staticmethod
    def read(path: Path) -> TimestampRoots:
        """From a PEM file. Raises OSError, or ValueError for a file without certificates."""
        return TimestampRoots(tuple(load_pem_x509_certificates(path.read_bytes())))

    def stamped_at(self, response: bytes, message: bytes, nonce: int | None = None) -> datetime:
        """The time that it names, in UTC. response: DER of a TimeStampResp, as `openssl ts` reads it too.

        Raises StampError.
        """
        return self._checked(_decoded(response), message, nonce)

    def _checked(self, response: TimeStampResponse, message: bytes, nonce: int | None) -> datetime:
        verifier = VerifierBuilder(roots=list(self.certificates), nonce=nonce).build()
        try:
            verifier.verify_message(response, message)
            return response.tst_info.gen_time.astimezone(UTC)
        except (VerificationError, ValueError) as error:
            raise StampError(str(error)) from None


def _decoded(response: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(response)
    except ValueError:
        raise StampError("is no response of a time stamp authority") from None


def authority_place(url: str) -> str:
    """The host alone: a login may stand in the address."""
    return f"timestamp:{httpx.URL(url).host}"


class TimestampAuthority:
    """An anchor whose receipt is a time stamp. It keeps nothing; what it says of a time, it signs.

    every: how long it rests after a stamp, for a stamp may cost money and the next one covers all before it.
    """

    def __init__(self, url: str, roots: TimestampRoots, every: timedelta, *, timeout: float = 15) -> None:
        self.every = every
        self._url, self._roots, self._timeout = url, roots, timeout
        self._client = httpx.AsyncClient(timeout=timeout, trust_env=False)

    @property
    def place(self) -> str:
        return authority_place(self._url)

    async def close(self) -> None:
        await self._client.aclose()

    async def leave(self, note: str, since: Callable[[int], Awaitable[Sequence[bytes]]]) -> bytes:
        """The whole response, checked before it is kept. Repeating gives another one, as good."""
        message = note.encode()
        request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
        within, query = self._timeout, request.as_bytes()
        answer = await posted(
            self._client, self._url, query, who="time stamp", within=within, headers=_HEADERS
        )
        if answer.status != httpx.codes.OK:
            raise NotHandedOver(f"time stamp: status {answer.status}")
        try:
            response = _decoded(answer.content)
        except StampError as error:
            raise NotHandedOver(f"time stamp: its answer {error}") from None
        if response.status != _GRANTED:
            raise RefusedByProvider(f"status_{response.status}")
        try:
            self._roots.stamped_at(answer.content, message, request.nonce)
        except StampError:
            raise RefusedByProvider("not_over_this_or_not_trusted") from None
        return answer.content
