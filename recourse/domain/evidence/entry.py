"""An entry of the ledger: what a row said, as salted commitments to each of its fields, chained per case.

Whoever shows a field gives its value and its salt; whoever must not see it gets the commitment only, and the
proof stays whole. Once the salt is destroyed, a commitment to a name or a number can no longer be guessed:
the value is erased, and what was sealed still is. (So does SD-JWT, RFC 9901, which has an envelope besides.)
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from recourse.domain.evidence.merkle import leaf_hash

GENESIS: Final = bytes(32)
"""`prev` of the first entry of a chain."""
Tail = tuple[int, bytes]
"""How a chain ends: its length, and the hash of its last entry."""
START: Final[Tail] = (0, GENESIS)
SALT_BYTES: Final = 32
VERSION: Final = 1

Canonical = Callable[[Any], bytes]
"""A function from plain JSON to its canonical bytes (RFC 8785)."""


def salt_of(secret: bytes, name: str) -> bytes:
    """The salt of one field. From one secret a row, so that one deletion erases all of it; a shown salt says
    nothing about the others."""
    return hmac.digest(secret, name.encode(), sha256)


def commitment(canonical: Canonical, salt: bytes, name: str, value: Any) -> bytes:
    """To a field's value. Raises ValueError for a salt that could be guessed."""
    if len(salt) != SALT_BYTES:
        raise ValueError("salt: must be of 32 bytes")
    return sha256(canonical([salt.hex(), name, value])).digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """chain: whose chain, a case or a loan. n: its place there, from 0. kind, ref: the row it seals.

    prev: the hash of the entry before it, 32 bytes. commitments: by field.
    """

    chain: str
    n: int
    kind: str
    ref: str
    prev: bytes
    commitments: Mapping[str, bytes]

    def to_json(self) -> dict[str, Any]:
        return {
            "v": VERSION,
            "chain": self.chain,
            "n": self.n,
            "kind": self.kind,
            "ref": self.ref,
            "prev": self.prev.hex(),
            "fields": {name: found.hex() for name, found in self.commitments.items()},
        }

    def hash(self, canonical: Canonical) -> bytes:
        """Its leaf of the tree, which the next entry of its chain names."""
        return leaf_hash(canonical(self.to_json()))


def sealed(
    canonical: Canonical,
    *,
    chain: str,
    n: int,
    kind: str,
    ref: str,
    prev: bytes,
    fields: Mapping[str, Any],
    secret: bytes,
) -> Entry:
    """The entry of a row. fields: plain JSON by column. secret: 32 random bytes, the row's own."""
    commitments = {
        name: commitment(canonical, salt_of(secret, name), name, value) for name, value in fields.items()
    }
    return Entry(chain, n, kind, ref, prev, commitments)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A field that is shown: enough to make its commitment again."""

    name: str
    value: Any
    salt: bytes


def shown(fields: Mapping[str, Any], secret: bytes, names: Iterable[str]) -> list[Disclosure]:
    return [Disclosure(name, fields[name], salt_of(secret, name)) for name in names]


def differences(canonical: Canonical, entry: Entry, disclosures: Sequence[Disclosure]) -> list[str]:
    """Names of fields that are not what was sealed; one that the entry does not have is among them."""
    return [
        field.name
        for field in disclosures
        if entry.commitments.get(field.name) != commitment(canonical, field.salt, field.name, field.value)
    ]


def follows(entry: Entry, tails: Mapping[str, Tail]) -> bool:
    """Whether it is the next one of its chain. tails: of the chains that have begun."""
    return (entry.n, entry.prev) == tails.get(entry.chain, START)
