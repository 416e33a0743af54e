"""Who is signed in to the codec server: a random id in the browser, his token in this process's memory.

A token in a cookie would be good for everything else, wherever the browser's storage is read (OWASP ASVS 5.0:
7.2.2, 14.3.3). A restart signs everybody out; of several processes each knows its own people only.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

LASTS: Final = 8 * 3600
IDLE: Final = 30 * 60
"""Seconds: since the sign-in, and since the last request."""
MOST: Final = 1000
"""At once; the oldest goes for who is one more."""


@dataclass(slots=True)
class _Session:
    token: str
    began: float
    seen: float


@dataclass(slots=True)
class CodecSessions:
    """clock: seconds that never go back."""

    clock: Callable[[], float] = time.monotonic
    _by_digest: dict[bytes, _Session] = field(default_factory=dict, repr=False)

    def begin(self, token: str) -> str:
        """The new id. It is kept as a digest: what is read out of the memory by its keys opens nothing."""
        now, secret = self.clock(), secrets.token_urlsafe(32)
        for digest in [digest for digest, one in self._by_digest.items() if not _runs(one, now)]:
            del self._by_digest[digest]
        if len(self._by_digest) >= MOST:
            del self._by_digest[next(iter(self._by_digest))]
        self._by_digest[_digest(secret)] = _Session(token, now, now)
        return secret

    def token_of(self, secret: str) -> str | None:
        """None for an id of nobody, or of a session that is over."""
        now, digest = self.clock(), _digest(secret)
        one = self._by_digest.get(digest)
        if one is None or not _runs(one, now):
            self._by_digest.pop(digest, None)
            return None
        one.seen = now
        return one.token

    def end(self, secret: str) -> None:
        self._by_digest.pop(_digest(secret), None)


def _runs(one: _Session, now: float) -> bool:
    return now < one.began + LASTS and now < one.seen + IDLE


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
