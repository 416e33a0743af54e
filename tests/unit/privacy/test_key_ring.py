"""The key ring as a text: what is read back, what is refused, and that no error shows a key."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.privacy.key_ring import INDEX, WRAP, KeyRing, KeyRingError, NamedKey, blind

SECRET = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(32, 64))).decode()
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}", fullmatch=True)


@given(st.lists(st.tuples(st.sampled_from([WRAP, INDEX]), IDS, st.booleans()), max_size=6))
def test_a_ring_that_was_written_is_read_back(more: list[tuple[str, str, bool]]) -> None:
    ring = KeyRing.new("first")
    for purpose, id, in_use in more:
        known = ring.wrapping if purpose == WRAP else ring.index
        if all(key.id != id for key in known):
            ring = ring.with_new(id, purpose, in_use=in_use)
    assert KeyRing.parse(ring.text()) == ring


def test_a_key_that_is_not_in_use_yet_can_be_read_with_and_nothing_is_written_with_it() -> None:
    ring = KeyRing.new("a")
    waiting = ring.with_new("b", WRAP, in_use=False)
    assert [key.id for key in waiting.wrapping] == ["b", "a"]
    assert [key.id for key in ring.with_new("b", WRAP, in_use=True).wrapping] == ["a", "b"]
    assert waiting.index == ring.index


def test_one_line_will_do_where_a_setting_can_have_one_only() -> None:
    ring = KeyRing.parse(f"wrap a {SECRET},index b {OTHER}")
    assert (ring.wrapping[0].id, ring.index[0].id) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"wrap a {SECRET}", "no key for index"),
        (f"wrap a {SECRET}\nindex a {SECRET[:-8]}", "line 2: must be of 32 bytes"),
        (f"wrap a {SECRET}\nindex a !!{SECRET}", "line 2: is no base64"),
        (f"wrap a {SECRET}\nwrap a {OTHER}\nindex a {OTHER}", "line 2: wrap a stands twice"),
        (f"sign a {SECRET}", "line 1: must be"),
        (f"wrap a_b {SECRET}", "line 1: an id"),
    ],
)
def test_a_ring_that_cannot_be_used_says_where_and_shows_no_key(text: str, says: str) -> None:
    with pytest.raises(KeyRingError, match=says) as refused:
        KeyRing.parse(text)
    for shown in (SECRET, SECRET[:-8], OTHER):
        assert shown not in str(refused.value)


def test_no_key_is_shown_by_what_holds_it() -> None:
    ring = KeyRing.parse(f"wrap a {SECRET}\nindex b {OTHER}")
    assert str(bytes(range(32)))[2:8] not in repr(ring)
    assert SECRET not in repr(ring)


@given(st.text(), st.text())
def test_a_blind_index_is_an_hmac_that_only_the_key_makes(one: str, other: str) -> None:
    key = NamedKey("k", bytes(range(32)))
    made = blind(key, "p", "mobile", one)
    expected = hmac.new(bytes(range(32)), f"p\0mobile\0{one}".encode(), sha256).hexdigest()
    assert made == f"k:{expected}"
    assert (made == blind(key, "p", "mobile", other)) == (one == other)
    assert made != blind(NamedKey("k", bytes(32)), "p", "mobile", one)
