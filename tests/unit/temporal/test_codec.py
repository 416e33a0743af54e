"""Payloads at rest: sealed under the newest key, opened under any, and whatever is not ours left alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from recourse.contracts.messages import DecideCommand
from recourse.temporal.codec import KeyRing, KeyRingError, SealedPayloads, Undecodable
from recourse.temporal.converter import sealed_converter


def entry(n: int) -> str:
    return f"k{n}:{base64.b64encode(bytes([n]) * 32).decode()}"


def codec(*numbers: int) -> SealedPayloads:
    return SealedPayloads(KeyRing.parse("\n".join(entry(n) for n in numbers)))


payloads = st.builds(
    lambda metadata, data: Payload(metadata=metadata, data=data),
    st.dictionaries(st.text(max_size=20), st.binary(max_size=40), max_size=4),
    st.binary(max_size=400),
)


@given(st.lists(payloads, max_size=4))
async def test_whatever_goes_in_comes_out(given_: list[Payload]) -> None:
    one = codec(1)
    sealed = await one.encode(given_)
    assert all(each.metadata["encoding"] == b"binary/encrypted" for each in sealed)
    assert await one.decode(sealed) == given_


@given(payloads)
async def test_what_is_not_ours_passes_unchanged(payload: Payload) -> None:
    assert await codec(1).decode([payload]) == [payload]


@given(st.binary(min_size=1, max_size=300), st.integers(0), st.integers(1, 255))
async def test_one_changed_byte_is_refused_wherever_it_is(data: bytes, place: int, change: int) -> None:
    (sealed,) = await codec(1).encode([Payload(data=data)])
    broken = bytearray(sealed.data)
    broken[place % len(broken)] ^= change
    sealed.data = bytes(broken)
    with pytest.raises(Undecodable, match="k1: the payload was changed"):
        await codec(1).decode([sealed])


@given(st.binary(max_size=60), st.dictionaries(st.just("encryption-key-id"), st.binary(max_size=80)))
async def test_rubbish_that_claims_to_be_ours_is_refused_and_nothing_else(
    data: bytes, key: Mapping[str, bytes]
) -> None:
    claims = {"encoding": b"binary/encrypted", "encryption-cipher": b"AES-256-GCM"}
    for ring in (codec(1), codec(2, 1)):
        with pytest.raises(Undecodable):
            await ring.decode([Payload(metadata=claims | dict(key), data=data)])


async def test_the_newest_key_encrypts_and_every_key_of_the_ring_decrypts() -> None:
    secret = Payload(data=b"secret")
    (old,), (new,) = await codec(1).encode([secret]), await codec(2, 1).encode([secret])
    assert (old.metadata["encryption-key-id"], new.metadata["encryption-key-id"]) == (b"k1", b"k2")
    assert await codec(2, 1).decode([old, new]) == [secret, secret]
    with pytest.raises(Undecodable, match="k2: not in the ring"):
        await codec(1).decode([new])


async def test_a_key_under_another_ones_name_opens_nothing() -> None:
    (sealed,) = await codec(1).encode([Payload(data=b"secret")])
    sealed.metadata["encryption-key-id"] = b"k2"
    with pytest.raises(Undecodable):
        await codec(2, 1).decode([sealed])


async def test_the_same_value_is_sealed_differently_each_time() -> None:
    sealed = await codec(1).encode([Payload(data=b"secret")] * 50)
    assert len({each.data for each in sealed}) == 50


async def test_plain_in_front_writes_as_before_and_still_reads() -> None:
    waiting = SealedPayloads(KeyRing.parse(f"plain\n{entry(1)}"))
    payload = Payload(data=b"secret")
    assert await waiting.encode([payload]) == [payload]
    assert await waiting.decode(await codec(1).encode([payload])) == [payload]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "no key in it"),
        ("# only a comment\n", "no key in it"),
        ("k1", "entry 1: write it as id:base64"),
        (f"{entry(1)}\nk 2:AAAA", "entry 2: write it as id:base64"),
        ("k1:not base64!", "entry 1: what follows the id is not base64"),
        ("k1:AAAA", "entry 1: a key of 32 bytes is needed, this one has 3"),
        (f"{entry(1)},{entry(1)}", "two keys have one id"),
        (entry(1).replace("k1", "plain"), "entry 1: write it as id:base64"),
    ],
)
def test_a_ring_that_is_none_is_refused_without_showing_a_key(written: str, says: str) -> None:
    with pytest.raises(KeyRingError, match=says) as refused:
        KeyRing.parse(written)
    assert entry(1).partition(":")[2] not in str(refused.value)
    assert "AAAA" not in str(refused.value)


async def test_values_and_the_words_of_failures_are_unreadable_without_the_key() -> None:
    """Message and stack trace too: they stand in another place of the history than payloads do."""
    converter = sealed_converter(KeyRing.parse(entry(1)))
    (argument,) = await converter.encode([DecideCommand("case-SECRET-1")])
    failure = Failure()
    try:
        raise ApplicationError("SECRET words", "SECRET detail", type="kind")
    except ApplicationError as error:
        await converter.encode_failure(error, failure)
    written = argument.SerializeToString() + failure.SerializeToString()
    assert b"SECRET" not in written
    assert "test_codec" not in failure.stack_trace
    assert await converter.decode([argument], [DecideCommand]) == [DecideCommand("case-SECRET-1")]
    again = await converter.decode_failure(failure)
    assert isinstance(again, ApplicationError)
    assert (again.message, list(again.details)) == ("SECRET words", ["SECRET detail"])


async def test_a_message_of_before_is_read() -> None:
    converter = sealed_converter(KeyRing.parse(entry(1)))
    body = json.dumps({"case_id": "case-L-1-1"}).encode()
    old = Payload(metadata={"encoding": b"json/plain"}, data=body)
    assert await converter.decode([old], [DecideCommand]) == [DecideCommand("case-L-1-1")]
