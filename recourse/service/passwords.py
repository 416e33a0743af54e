"""Passwords of people: which are good enough, and how they are kept (argon2id, RFC 9106).

OWASP ASVS 5.0, 6.2: long, of any signs, taken as they are; no words of the place, nothing simple.
"""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256
FEWEST_SIGNS: Final = 5
OURS: Final = ("recourse", "password", "passwort", "collections", "mima", "qwerty", "密码")
AT_ONCE, EACH_TAKES = 2, 64 * 2**20
"""Sign-ins, and bytes. Many at once must not take all the memory there is, and every core."""
_POOL: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")


class Weak(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "password_too_short"
    TOO_LONG = "password_too_long"
    TOO_SIMPLE = "password_too_simple"
    NAMES_US = "password_names_us"
    SAME = "password_same"


def weakness(password: str, login: str) -> Weak | None:
    """Counted in signs as they were typed."""
    if len(password) < SHORTEST:
        return Weak.TOO_SHORT
    if len(password) > LONGEST:
        return Weak.TOO_LONG
    lower = password.casefold()
    if any(word in lower for word in (*OURS, login.casefold())):
        return Weak.NAMES_US
    if len(set(lower)) < FEWEST_SIGNS or _runs(lower):
        return Weak.TOO_SIMPLE
    return None


def _runs(text: str) -> bool:
    """Mostly signs one after the other, up or down, or one repeated: 123456789012, abcdefghijkl."""
    steps = [ord(b) - ord(a) for a, b in pairwise(text)]
    return sum(step in (-1, 0, 1) for step in steps) * 4 > len(steps) * 3


def first_password() -> str:
    """80 random bits, in groups that can be read out."""
    signs = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(signs) for _ in range(4)) for _ in range(4))


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    """RFC 9106, second recommended option: 64 MiB, three passes."""
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe(32))


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_POOL, _hasher().hash, password)


async def matches(kept: str | None, password: str) -> bool:
    """None: there is no such account. It takes as long, so that nobody learns who has one."""
    same = await asyncio.get_running_loop().run_in_executor(_POOL, _verify, kept, password)
    return same and kept is not None


def _verify(kept: str | None, password: str) -> bool:
    try:
        return _hasher().verify(kept or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
