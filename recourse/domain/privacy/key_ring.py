"""The key ring: the keys that wrap data keys, and those that make blind indexes, as one text.

A line a key, `purpose id base64`; the last of a purpose is used for what is written, any for what is read.
So a key is introduced in two moves: first above the last line, while every process is started again with it;
then as the last.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

WRAP: Final = "wrap"
INDEX: Final = "index"
KEY_BYTES: Final = 32
_LONGEST_ID: Final = 32


class KeyRingError(ValueError):
    """A ring cannot be used. The text names the line and the remedy, never a key."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """id: opaque; it stands beside everything made with the key."""

    id: str
    secret: bytes = field(repr=False)

    @staticmethod
    def new(id: str) -> NamedKey:
        return NamedKey(id, secrets.token_bytes(KEY_BYTES))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """wrapping, index: the oldest first."""

    wrapping: tuple[NamedKey, ...]
    index: tuple[NamedKey, ...]

    @staticmethod
    def new(id: str) -> KeyRing:
        """One key for each purpose. Raises KeyRingError for an id that is none."""
        _check_id(id, "id")
        return KeyRing((NamedKey.new(id),), (NamedKey.new(id),))

    @staticmethod
    def parse(text: str) -> KeyRing:
        """Lines, or parts between commas where a setting can have one line only. Raises KeyRingError."""
        found: dict[str, list[NamedKey]] = {WRAP: [], INDEX: []}
        for number, line in enumerate(text.replace(",", "\n").splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            purpose, key = _line(line, number)
            if any(known.id == key.id for known in found[purpose]):
                raise KeyRingError(f"line {number}: {purpose} {key.id} stands twice; keep one of them")
            found[purpose].append(key)
        for purpose, keys in found.items():
            if not keys:
                raise KeyRingError(f"no key for {purpose}; make one with `recourse privacy keygen`")
        return KeyRing(tuple(found[WRAP]), tuple(found[INDEX]))

    def text(self) -> str:
        """As `parse` reads it."""
        return "".join(_lines(WRAP, self.wrapping)) + "".join(_lines(INDEX, self.index))

    def with_new(self, id: str, purpose: str, *, in_use: bool) -> KeyRing:
        """One key more. in_use: what is written uses it from now on; else it can only be read with, so far.

        Raises KeyRingError for an id that is none, or taken.
        """
        _check_id(id, "id")
        before = self.wrapping if purpose == WRAP else self.index
        if any(key.id == id for key in before):
            raise KeyRingError(f"id: {id} is taken; choose another")
        place = len(before) if in_use else len(before) - 1
        after = (*before[:place], NamedKey.new(id), *before[place:])
        return KeyRing(after, self.index) if purpose == WRAP else KeyRing(self.wrapping, after)


def _line(line: str, number: int) -> tuple[str, NamedKey]:
    parts = line.split()
    if len(parts) != 3 or parts[0] not in {WRAP, INDEX}:
        raise KeyRingError(f"line {number}: must be `{WRAP} ID BASE64` or `{INDEX} ID BASE64`")
    purpose, id, encoded = parts
    _check_id(id, f"line {number}")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise KeyRingError(f"line {number}: is no base64; copy the key anew") from None
    if len(secret) != KEY_BYTES:
        raise KeyRingError(f"line {number}: must be of {KEY_BYTES} bytes; copy the key anew")
    return purpose, NamedKey(id, secret)


def _check_id(id: str, where: str) -> None:
    if not (id.isascii() and id.replace("-", "").isalnum() and len(id) <= _LONGEST_ID):
        raise KeyRingError(f"{where}: an id of 1 to {_LONGEST_ID} letters, digits and hyphens")


def _lines(purpose: str, keys: Iterable[NamedKey]) -> Iterable[str]:
    return (f"{purpose} {key.id} {base64.b64encode(key.secret).decode()}\n" for key in keys)


def blind(key: NamedKey, purpose: str, *parts: str) -> str:
    """A value as it is looked up by: whoever has the key finds it, and nobody else can guess it back, as a
    plain hash of a telephone number could be. purpose: what it is an index of, so that equal values in two
    places do not show that they are equal."""
    message = "\0".join((purpose, *parts)).encode()
    return f"{key.id}:{hmac.digest(key.secret, message, sha256).hex()}"
