"""Sealed values: what comes back, and everything that must not open."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recourse.contracts.wrapping import NotOpened
from recourse.storage import envelope
from recourse.storage.envelope import Broken, opened, sealed
from recourse.storage.vault import Keys, Place

KEY = st.binary(min_size=32, max_size=32)
KEYS = st.lists(KEY, min_size=1, max_size=3)
BYTES = st.binary(max_size=200)


@given(KEYS, BYTES, BYTES)
def test_what_was_sealed_opens_in_its_place(keys: list[bytes], place: bytes, text: bytes) -> None:
    assert opened(keys, place, sealed(keys, place, text)) == text


@given(KEYS, BYTES, BYTES, BYTES)
def test_it_opens_in_no_other_place(keys: list[bytes], place: bytes, other: bytes, text: bytes) -> None:
    assume(place != other)
    with pytest.raises(Broken):
        opened(keys, other, sealed(keys, place, text))


@given(KEYS, BYTES, BYTES, KEY, st.integers(0, 2))
def test_it_opens_only_while_every_key_is_there(
    keys: list[bytes], place: bytes, text: bytes, other: bytes, which: int
) -> None:
    which %= len(keys)
    assume(keys[which] != other)
    envelope_ = sealed(keys, place, text)
    with pytest.raises(Broken):
        opened([*keys[:which], other, *keys[which + 1 :]], place, envelope_)
    if len(keys) > 1:
        with pytest.raises(Broken):
            opened([key for n, key in enumerate(keys) if n != which], place, envelope_)


@given(KEYS, BYTES, BYTES, st.data())
def test_a_byte_that_was_changed_is_noticed_wherever_it_is(
    keys: list[bytes], place: bytes, text: bytes, data: st.DataObject
) -> None:
    good = sealed(keys, place, text)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    with pytest.raises(Broken):
        opened(keys, place, bad)
    with pytest.raises(Broken):
        opened(keys, place, good[: data.draw(st.integers(0, len(good) - 1))])


@given(KEYS, BYTES, BYTES)
def test_the_same_text_is_never_sealed_into_the_same_bytes(
    keys: list[bytes], place: bytes, text: bytes
) -> None:
    assert sealed(keys, place, text) != sealed(keys, place, text)


@given(KEYS, BYTES, BYTES, BYTES)
def test_the_commitment_shows_the_text_and_no_other(
    keys: list[bytes], place: bytes, text: bytes, other: bytes
) -> None:
    """As somebody checks it who has neither keys nor cryptography beyond a hash."""
    made = sealed(keys, place, text)
    own = envelope.opening(keys, place, made)
    assert sha256(own + text).digest() == made[17:49]
    assert (sha256(own + other).digest() == made[17:49]) == (text == other)


PLACE = Place("party", "name", "C-1", ("person:C-1",))


@given(
    st.sampled_from(["table", "column", "row", "subjects"]),
    st.text(min_size=1).filter(lambda s: s not in {"party", "name", "C-1", "person:C-1"}),
)
def test_a_value_that_was_moved_to_another_row_column_or_person_does_not_open(part: str, to: str) -> None:
    keys = Keys({"person:C-1": bytes(32), to: bytes(32)}, frozenset())
    parts = {name: getattr(PLACE, name) for name in Place.__dataclass_fields__}
    moved = Place(**parts | {part: (to,) if part == "subjects" else to})
    made = keys.seal(PLACE, "Zhang San")
    assert keys.open_text(PLACE, made) == "Zhang San"
    with pytest.raises(NotOpened) as refused:
        keys.open(moved, made)
    assert "Zhang" not in str(refused.value)


def test_who_was_erased_is_neither_sealed_nor_opened_and_a_lost_key_is_no_erasure() -> None:
    made = Keys({"person:C-1": bytes(32)}, frozenset()).seal(PLACE, "x")
    erased = Keys({}, frozenset({"person:C-1"}))
    assert erased.seal(PLACE, "x") is None
    assert erased.open(PLACE, made) is None
    with pytest.raises(NotOpened, match="no key of person:C-1"):
        Keys({}, frozenset()).open(PLACE, made)
