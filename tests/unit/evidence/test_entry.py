"""An entry holds its row to its word, shows what it is asked to show, and forgets what it must."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.evidence.entry import (
    GENESIS,
    Disclosure,
    Entry,
    Tail,
    commitment,
    differences,
    follows,
    salt_of,
    sealed,
    shown,
)

SECRET = bytes(range(32))
ROW: dict[str, Any] = {"at": "2026-11-06T04:00:00Z", "event": "outcome", "reason": "sms sent", "decision": 3}


def entry(n: int = 0, prev: bytes = GENESIS, **fields: Any) -> Entry:
    about = {"chain": "case-L-1-1", "kind": "step", "ref": str(n)}
    return sealed(rfc8785.dumps, n=n, prev=prev, fields=ROW | fields, secret=SECRET, **about)


def chain(length: int) -> list[Entry]:
    entries, prev = [], GENESIS
    for n in range(length):
        entries.append(entry(n, prev, reason=f"reason {n}"))
        prev = entries[-1].hash(rfc8785.dumps)
    return entries


def test_a_commitment_is_the_digest_of_salt_name_and_value_in_canonical_json() -> None:
    salt = salt_of(SECRET, "reason")
    by_hand = sha256(
        json.dumps([salt.hex(), "reason", "短信已发"], ensure_ascii=False).replace(", ", ",").encode()
    )
    assert commitment(rfc8785.dumps, salt, "reason", "短信已发") == by_hand.digest()


def test_what_is_shown_is_what_was_sealed_and_the_rest_stays_hidden() -> None:
    found = shown(ROW, SECRET, ["at", "event"])
    assert differences(rfc8785.dumps, entry(), found) == []
    assert {field.name for field in found} == {"at", "event"}
    assert SECRET not in {field.salt for field in found}


@given(st.sampled_from(sorted(ROW)), st.one_of(st.text(max_size=5), st.integers(0, 9), st.none()))
def test_a_changed_field_is_named(name: str, value: Any) -> None:
    changed = shown(ROW | {name: value}, SECRET, ROW)
    expected = [] if value == ROW[name] else [name]
    assert differences(rfc8785.dumps, entry(), changed) == expected


def test_a_field_that_was_never_sealed_and_a_wrong_salt_are_named() -> None:
    added = Disclosure("note", "x", salt_of(SECRET, "note"))
    salted = Disclosure("event", "outcome", salt_of(SECRET, "at"))
    assert differences(rfc8785.dumps, entry(), [added, salted]) == ["note", "event"]


def test_equal_rows_under_other_secrets_have_nothing_in_common() -> None:
    other = sealed(
        rfc8785.dumps, chain="c", n=0, kind="step", ref="0", prev=GENESIS, fields=ROW, secret=bytes(32)
    )
    assert not set(other.commitments.values()) & set(entry().commitments.values())


def test_a_salt_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="salt"):
        commitment(rfc8785.dumps, b"short", "reason", "x")


def broken_at(entries: list[Entry]) -> int | None:
    """The place of the first entry that does not follow."""
    tails: dict[str, Tail] = {}
    for place, one in enumerate(entries):
        if not follows(one, tails):
            return place
        tails[one.chain] = (one.n + 1, one.hash(rfc8785.dumps))
    return None


def test_a_chain_is_whole_only_as_it_was_written() -> None:
    entries = chain(5)
    assert broken_at(entries) is None
    assert broken_at([]) is None
    assert broken_at(entries[:3]) is None
    assert broken_at(entries[1:]) == 0
    assert broken_at([*entries[:2], *entries[3:]]) == 2
    assert broken_at([entries[0], entries[2], entries[1], *entries[3:]]) == 1
    forged = replace(entries[2], commitments=entries[1].commitments)
    assert broken_at([*entries[:2], forged, *entries[3:]]) == 3
    other = replace(entries[4], chain="case-L-2-1")
    assert broken_at([*entries[:4], other]) == 4
