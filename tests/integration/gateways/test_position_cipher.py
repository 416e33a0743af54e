"""Positions at rest: they open by their key, for their purpose, unchanged, and otherwise not at all."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.contracts.cipher import CannotOpen
from recourse.gateways.position_cipher import AesPositionCipher

keys = st.binary(min_size=32, max_size=32)
plains = st.binary(max_size=400)
purposes = st.text(max_size=60)


@given(st.lists(keys, min_size=1, max_size=3, unique=True), plains, purposes)
def test_what_was_sealed_opens_under_any_ring_that_holds_its_key(
    ring: list[bytes], plain: bytes, purpose: str
) -> None:
    sealed = AesPositionCipher((ring[0],)).seal(plain, purpose)
    assert AesPositionCipher(tuple(reversed(ring))).open(sealed, purpose) == plain
    assert len(plain) < 8 or plain not in sealed


@given(keys, keys, plains, purposes, purposes)
def test_another_key_or_purpose_never_opens_it(
    key: bytes, other: bytes, plain: bytes, purpose: str, another: str
) -> None:
    cipher = AesPositionCipher((key,))
    sealed = cipher.seal(plain, purpose)
    if another != purpose:
        with pytest.raises(CannotOpen):
            cipher.open(sealed, another)
    if other != key:
        with pytest.raises(CannotOpen):
            AesPositionCipher((other,)).open(sealed, purpose)


@given(keys, plains, st.data())
def test_a_bit_changed_or_a_byte_short_and_it_does_not_open(
    key: bytes, plain: bytes, data: st.DataObject
) -> None:
    cipher = AesPositionCipher((key,))
    sealed = cipher.seal(plain, "p")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = (
        sealed[:place] + bytes([sealed[place] ^ 1 << data.draw(st.integers(0, 7))]) + sealed[place + 1 :]
    )
    for broken in (changed, sealed[:place]):
        with pytest.raises(CannotOpen):
            cipher.open(broken, "p")


def test_the_same_place_sealed_twice_looks_different() -> None:
    cipher = AesPositionCipher((b"k" * 32,))
    assert cipher.seal(b"place", "p") != cipher.seal(b"place", "p")


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"k" * 31).decode(), "é", ","])
def test_what_is_no_key_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|base64"):
        AesPositionCipher.parse(text)
