"""Data keys under a ring: rotated in any order, they open with whatever wrapped them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.contracts.wrapping import KeysUnavailable, NotOpened, Wrapped
from recourse.domain.privacy.key_ring import NamedKey
from recourse.gateways.key_wrapping import RingWrapper

KEYS = [NamedKey(f"k{n}", bytes([n]) * 32) for n in range(4)]


@given(st.binary(min_size=32, max_size=32), st.binary(), st.lists(st.permutations(KEYS), min_size=1))
async def test_a_key_survives_rotations_in_any_order(
    key: bytes, about: bytes, rings: list[list[NamedKey]]
) -> None:
    wrapped = await RingWrapper((KEYS[0],)).wrap(key, about)
    for order in rings:
        ring = RingWrapper(tuple(order))
        wrapped = await ring.wrap(await ring.unwrap(wrapped, about), about)
        assert wrapped.by == order[-1].id
    assert await RingWrapper(tuple(KEYS)).unwrap(wrapped, about) == key


async def test_a_key_that_the_ring_has_not_is_named_and_one_that_was_changed_does_not_open() -> None:
    wrapped = await RingWrapper((KEYS[0],)).wrap(bytes(32), b"person:C-1")
    with pytest.raises(KeysUnavailable, match="no k0"):
        await RingWrapper((KEYS[1],)).unwrap(wrapped, b"person:C-1")
    for bad, about in (
        (wrapped, b"person:C-2"),
        (Wrapped("k0", wrapped.data[:-1] + b"?"), b"person:C-1"),
        (Wrapped("k0", b""), b"person:C-1"),
    ):
        with pytest.raises(NotOpened):
            await RingWrapper((KEYS[0],)).unwrap(bad, about)
