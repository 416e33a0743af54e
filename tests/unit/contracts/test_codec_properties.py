"""Whatever arrives, the codec answers with an event or with Refused; and what it writes it can read."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recourse.contracts.events import (
    BANK_MODELS,
    BankEvent,
    EventLimits,
    Refused,
    decode,
    encode_binary,
    parse_line,
    to_line,
)
from tests.examples import examples
from tests.unit.contracts.test_codec import LOAN, STRUCTURED, headers, payment, value

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([name for name, _ in headers()] + ["content-type", "CE_ID", "x"]) | st.text(
    max_size=9
)
raw_headers = st.lists(st.tuples(names, st.binary(max_size=30)), max_size=8)


def judged(key: bytes | None, body: bytes | None, sent: list[tuple[str, bytes]]) -> BankEvent | Refused:
    """Any other exception fails the test."""
    try:
        return decode(key, body, sent, EventLimits(max_bytes=4096))
    except Refused as refused:
        return refused


@examples(120)
@given(st.none() | st.binary(max_size=40), st.none() | st.binary(max_size=200), raw_headers)
def test_any_bytes_at_all_are_refused_and_nothing_else(
    key: bytes | None, body: bytes | None, sent: list[tuple[str, bytes]]
) -> None:
    judged(key, body, sent)


@examples(120)
@given(
    st.dictionaries(st.sampled_from([n for n, _ in headers()]), st.text(max_size=20), max_size=3), json_values
)
def test_a_good_record_with_odd_attributes_or_data_never_breaks_the_reader(
    odd: dict[str, str], data: Any
) -> None:
    sent = [(name, odd.get(name, raw.decode()).encode("utf-8", "surrogatepass")) for name, raw in headers()]
    judged(LOAN.encode(), json.dumps(data).encode(), sent)
    judged(LOAN.encode(), value(), sent)


@examples(120)
@given(st.dictionaries(st.sampled_from(["id", "time", "type", "data", "subject"]), json_values, max_size=3))
def test_an_odd_structured_envelope_never_breaks_the_reader(odd: dict[str, Any]) -> None:
    envelope = {name.removeprefix("ce_"): raw.decode() for name, raw in headers()} | {"data": payment()} | odd
    text = json.dumps(envelope)
    judged(LOAN.encode(), text.encode(), STRUCTURED)
    with contextlib.suppress(Refused):
        parse_line(text)


@examples(80)
@given(st.text(max_size=60))
def test_any_line_of_a_file_is_an_event_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert parse_line(text).subject


fields = [
    *[(field, None) for field in payment()],
    *[("amount", field) for field in payment()["amount"]],
    *[("arrears", field) for field in payment()["arrears"][0]],
]


@examples(120)
@given(st.sampled_from(fields), json_values, st.sampled_from(sorted(BANK_MODELS)))
def test_any_value_in_any_field_is_read_or_refused(
    field: tuple[str, str | None], odd: Any, type_: str
) -> None:
    data = payment()
    outer, inner = field
    if inner is None:
        data[outer] = odd
    else:
        target = data[outer] if outer == "amount" else data[outer][0]
        target[inner] = odd
    judged(LOAN.encode(), json.dumps(data).encode(), headers(type=type_))


identifiers = st.text("abcXYZ019-_./", min_size=1, max_size=20)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text("aé汉\\\"'\n", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(identifiers, inner, max_size=3),
    max_leaves=6,
)
START = datetime(2020, 1, 1, tzinfo=UTC)
minors = st.integers(1, 10**13)


@st.composite
def events(draw: st.DrawFn) -> BankEvent:
    """Well-formed payments with whatever else a bank may add."""
    extra = draw(st.dictionaries(identifiers.map("x_".__add__), plain_json, max_size=3))
    data = payment() | extra | {"payment_id": draw(identifiers), "sequence": draw(st.integers(1, 2**53 - 1))}
    data["amount"] = {"amount_minor": draw(minors), "currency": draw(st.sampled_from(["CNY", "USD"]))}
    place = timezone(timedelta(minutes=draw(st.integers(-12 * 60, 14 * 60))))
    time = (START + draw(st.timedeltas(timedelta(0), timedelta(days=3650)))).astimezone(place).isoformat()
    subject = draw(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,20}\Z"))
    sent = headers(id=draw(identifiers), subject=subject, time=time)
    return decode(subject.encode(), json.dumps(data).encode(), sent)


@examples(80)
@given(events())
def test_what_is_written_in_binary_mode_is_read_back(event: BankEvent) -> None:
    assert decode(*encode_binary(event)) == event


@examples(80)
@given(events())
def test_what_is_written_as_a_line_is_one_line_and_is_read_back(event: BankEvent) -> None:
    line = to_line(event)
    assert "\n" not in line
    assert parse_line(line) == event
