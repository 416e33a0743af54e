"""One sealed value: AES-256-GCM under a key of its own, bound to its place, with a commitment to its text.

`version (1) | salt (16) | commitment (32) | ciphertext and tag`. Each value has a key of its own, derived by
HKDF-SHA-256 from the data keys of those it is about, the salt and the place: it opens only while all of these
keys are there, and nowhere else. The commitment is to the text under a second derived value: it lets a proof
show the text of a row whose envelope was sealed, and that value goes with the keys.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION: Final = b"\x01"
_SALT: Final = 16
_COMMITMENT: Final = 32
_HEAD: Final = len(VERSION) + _SALT + _COMMITMENT
_NONCE: Final = 12


class Broken(ValueError):
    """It does not open: other bytes, another place or other keys."""


class _Derived(NamedTuple):
    key: bytes
    nonce: bytes
    opening: bytes


def sealed(keys: Sequence[bytes], place: bytes, text: bytes) -> bytes:
    """keys: data keys in a fixed order, at least one."""
    salt = os.urandom(_SALT)
    own = _derive(keys, place, salt)
    head = VERSION + salt + _commitment(own.opening, text)
    return head + AESGCM(own.key).encrypt(own.nonce, text, head + place)


def opened(keys: Sequence[bytes], place: bytes, envelope: bytes) -> bytes:
    """Raises Broken."""
    head, rest = envelope[:_HEAD], envelope[_HEAD:]
    if not head.startswith(VERSION) or len(head) < _HEAD:
        raise Broken
    own = _derive(keys, place, _salt(envelope))
    try:
        text = AESGCM(own.key).decrypt(own.nonce, rest, head + place)
    except InvalidTag:
        raise Broken from None
    if not hmac.compare_digest(_commitment(own.opening, text), head[-_COMMITMENT:]):
        raise Broken
    return text


def opening(keys: Sequence[bytes], place: bytes, envelope: bytes) -> bytes:
    """With it and the text anybody can make the commitment again; it says nothing about other values."""
    return _derive(keys, place, _salt(envelope)).opening


def _salt(envelope: bytes) -> bytes:
    return envelope[len(VERSION) : len(VERSION) + _SALT]


def _commitment(own: bytes, text: bytes) -> bytes:
    return sha256(own + text).digest()


def _derive(keys: Sequence[bytes], place: bytes, salt: bytes) -> _Derived:
    if not keys or any(len(key) != 32 for key in keys):
        raise ValueError("keys: at least one, each of 32 bytes")
    length = 32 + _NONCE + 32
    made = HKDF(SHA256(), length, salt=salt, info=b"recourse/value/1\0" + place).derive(b"".join(keys))
    return _Derived(made[:32], made[32 : 32 + _NONCE], made[32 + _NONCE :])
