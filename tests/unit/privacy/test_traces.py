"""A value is found in whatever shape a program left it, and nothing is found that is not there."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recourse.domain.privacy.traces import Known, Trace, Traces

NAME, MOBILE, PLATE = Known("name", "C-1", "王建国"), Known("mobile", "C-1", "+8619000000013"), "沪A·示013"
BOOK = [
    NAME,
    MOBILE,
    Known("plate", "L-1", PLATE),
    Known("email", "C-1", "borrower13@example.com"),
    Known("name", "C-2", "Ada Whitfield"),
    Known("mobile", "C-2", "+12025550131"),
    Known("address", "C-2", "13 Example Street"),
    Known("vin", "L-1", "LSVAA00000A000001"),
]
TRACES = Traces(BOOK)

SIGNS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "gb18030": lambda text: text.encode("gb18030"),
    "utf-16": lambda text: text.encode("utf-16-be"),
    "json": lambda text: json.dumps(text)[1:-1].encode(),
    "JSON": lambda text: re.sub(r"u([0-9a-f]{4})", lambda found: "u" + found[1].upper(), json.dumps(text))[
        1:-1
    ].encode(),
    "python": lambda text: ascii(text.encode())[2:-1].encode(),
}
WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda raw: raw,
    "percent": lambda raw: quote(raw, safe="").encode(),
    "form": lambda raw: quote_plus(raw).encode(),
    "hex": lambda raw: raw.hex().encode(),
    "HEX": lambda raw: raw.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64 for URLs": base64.urlsafe_b64encode,
}


@given(
    known=st.sampled_from(BOOK),
    signs=st.sampled_from(sorted(SIGNS)),
    wrap=st.sampled_from(sorted(WRAPS)),
    around=st.tuples(st.binary(max_size=20), st.binary(max_size=20)),
)
@example(NAME, "gb18030", "base64", (b"\0", b""))  # a sign of base64 is taken out of it
def test_a_value_is_found_in_every_shape(
    known: Known, signs: str, wrap: str, around: tuple[bytes, bytes]
) -> None:
    inside = SIGNS[signs](known.text)
    if wrap.startswith("base64"):  # other bytes are wrapped with it
        data = WRAPS[wrap](around[0] + inside + around[1])
    else:
        data = around[0] + WRAPS[wrap](inside) + around[1]
    assert known in {trace.known for trace in TRACES.find(data)}


@pytest.mark.parametrize(
    "written",
    [
        "13 of 8619000000013",
        "190 0000 0013",
        "190-0000-0013",
        "0086 190.0000.0013",
        "tel:+86(190)00000013",
        "tel%3A%2B8619000000013",
    ],
)
def test_a_number_is_found_however_it_is_parted(written: str) -> None:
    assert {trace.known for trace in TRACES.find(written.encode())} == {MOBILE}


@pytest.mark.parametrize("written", ["沪A示013", "沪A 示013", "沪a-示013", "沪A·示013"])
def test_a_plate_is_found_however_it_is_parted(written: str) -> None:
    assert [trace.known.kind for trace in TRACES.find(written.encode())] == ["plate"]


@pytest.mark.parametrize("written", ["BORROWER13@EXAMPLE.COM", "ada whitfield", "lsvaa00000a000001"])
def test_capitals_hide_nothing(written: str) -> None:
    assert len({trace.known for trace in TRACES.find(written.encode())}) == 1


@pytest.mark.parametrize(
    "written",
    [
        '{"event": "sent", "at": "2026-11-19T00:00:00.013000+08:00", "case": "case-DEMO-CN-013-1"}',
        "person C-1 loan L-1 borrower12@example.com 王建 +8619000000014 12 Example Street",
        "190 000 000 12",
    ],
)
def test_what_is_somebody_elses_or_nobodys_is_not_found(written: str) -> None:
    assert TRACES.find(written.encode()) == []


@given(before=st.binary(max_size=5), last=st.sampled_from("456789"))
def test_numbers_that_differ_in_their_last_digit_are_not_taken_for_each_other(
    before: bytes, last: str
) -> None:
    data = base64.b64encode(before + f'{{"to": "+861900000001{last}"}}'.encode())
    assert TRACES.find(data) == []


def test_a_trace_names_line_shape_and_whose_and_never_shows_the_value() -> None:
    data = b"nothing\nnothing\n" + quote("王建国").encode()
    (trace,) = TRACES.find(data)
    assert trace == Trace(NAME, "utf-8, percent", 3)
    assert "王" not in repr(trace)


def test_what_is_too_short_to_be_told_apart_is_said_and_not_searched() -> None:
    short = Known("name", "C-3", "Li")
    traces = Traces([short])
    assert traces.left_out == [short]
    assert traces.find(b"Li was here") == []
