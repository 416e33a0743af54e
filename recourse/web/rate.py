"""How often somebody may ask, so that a loop of requests takes nothing from others and guessing is slow.

OWASP ASVS 5.0: 2.4.1, 6.3.1. Counted in the memory of one process: with n processes behind a balancer up to n
times as much gets through, and a process that starts anew has forgotten everybody.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from fastapi import HTTPException, Request

log = structlog.get_logger(__name__)
REMEMBERED: Final = 10_000
"""Of each kind: callers, addresses, tokens that were let in. Who did not come for longest is forgotten."""
CALLERS, STRANGERS = 1200, 30
"""A minute: of one token, and of one address that shows none that is known."""


LOGGED_EVERY: Final = 3600.0
"""Seconds: every request brings its token, and a line for each would tell no more than one an hour."""


@dataclass(slots=True)
class Rate:
    """most: so many at once, and so many in each minute after that. clock: seconds, of any beginning."""

    most: int
    clock: Callable[[], float] = time.monotonic
    remembered: int = REMEMBERED
    _free_at: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """By key, when all that it may do at once is free again."""

    def take(self, key: str) -> float:
        """0 where it may go on, which is counted; else seconds until it may, and nothing is counted."""
        now = self.clock()
        free_at = max(self._free_at.pop(key, now), now)
        wait = free_at + 60 / self.most - now - 60
        allowed = wait <= 1e-6
        self._free_at[key] = free_at + 60 / self.most if allowed else free_at
        while len(self._free_at) > self.remembered:
            self._free_at.popitem(last=False)
        return 0.0 if allowed else wait

    def give_back(self, key: str) -> None:
        """What was taken last is not counted after all."""
        if key in self._free_at:
            self._free_at[key] -= 60 / self.most


@dataclass(slots=True)
class Door:
    """Counts addresses before it is known who asks, and callers from then on.

    A token that was let in before is asked about whatever else comes from its address: one caller who guesses
    must not lock out everybody behind the same address translation.
    """

    callers: Rate = field(default_factory=lambda: Rate(CALLERS))
    strangers: Rate = field(default_factory=lambda: Rate(STRANGERS))
    _known: OrderedDict[bytes, float] = field(default_factory=OrderedDict)
    """Digests of tokens, for a token is kept nowhere, with when each was logged by the callers' clock."""

    def knock(self, request: Request, token: str) -> Knock:
        """Before the token is looked up. Raises 429."""
        digest = hashlib.sha256(token.encode()).digest()
        knock = Knock(self, network(request.client.host if request.client else ""), digest)
        if digest not in self._known:
            wait(self.strangers.take(knock.address), "refused tokens")
            knock.counted = True
        return knock

    def let_in(self, knock: Knock, actor: str) -> None:
        """Raises 429 for an actor who asks too often."""
        knock.forgive()
        now = self.callers.clock()
        logged = self._known.pop(knock.digest, None)
        if logged is None or now - logged >= LOGGED_EVERY:
            log.info("token let in", actor=actor)
            logged = now
        self._known[knock.digest] = logged
        while len(self._known) > self.callers.remembered:
            self._known.popitem(last=False)
        wait(self.callers.take(actor), "requests")

    def turn_away(self, knock: Knock) -> None:
        """A token that is not, or not any more, in force."""
        self._known.pop(knock.digest, None)
        log.warning("token refused")


@dataclass(slots=True)
class Knock:
    door: Door
    address: str
    digest: bytes
    counted: bool = False

    def forgive(self) -> None:
        """It was no guess, or nobody could say."""
        if self.counted:
            self.door.strangers.give_back(self.address)
            self.counted = False


def network(address: str) -> str:
    """An address of IPv4, or the /64 of one of IPv6, of which one machine has as many as it likes."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def wait(seconds: float, what: str) -> None:
    """Raises 429 where `Rate.take` says that it may not go on yet."""
    if seconds > 0:
        log.warning("asked too often", what=what)
        raise HTTPException(
            429, f"too many {what}; try again later", {"Retry-After": str(math.ceil(seconds))}
        )
