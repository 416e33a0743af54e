"""Canonical JSON is that of the library, whichever way it is made."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from recourse.contracts.canonical import canonical

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
    | st.text('\x00\x1f\x7f\x80\u2028\\"/\b\f\n\r\t', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@given(values)
@example({"\ue000": 1, "\U0001f600": 2})
@example({"b": [1, {"z": None, "a": True}], "a": "短信", "B": -0.0})
@example({"10": 1, "9": 2, "": 3})
def test_it_is_that_of_the_library(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        [float("nan")],
        {"a": float("inf")},
        "\ud800",
        {1: 2},
        [{"a": {True: 2}}],
        {None: 1},
        {-1.5: 1},
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of the library, in words that may change
        canonical(value)
