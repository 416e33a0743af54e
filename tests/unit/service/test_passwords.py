"""Which passwords are good enough, and codes of the standard."""

from __future__ import annotations

from base64 import b32decode

import pytest

from recourse.service.passwords import Weak, first_password, weakness
from recourse.service.second_factor import _step, fresh_key

RFC6238 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The secret of the standard's own examples, appendix B, `12345678901234567890`."""


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("correct horse", None),
        ("一二三四五六七八九十十一百千", None),
        ("         a1b2c3d4e5", None),
        ("a small red lorry drove through the town, past the school, and never came back", None),
        ("elevensigns", Weak.TOO_SHORT),
        ("x" * 257, Weak.TOO_LONG),
        ("aaaaaaaaaaaaaaaa", Weak.TOO_SIMPLE),
        ("123456789012345", Weak.TOO_SIMPLE),
        ("zyxwvutsrqponm", Weak.TOO_SIMPLE),
        ("abababababab", Weak.TOO_SIMPLE),
        ("my PassWord is long", Weak.NAMES_US),
        ("Li.Na likes dumplings", Weak.NAMES_US),
    ],
)
def test_a_password_is_long_and_not_what_everybody_would_try(password: str, why: Weak | None) -> None:
    assert weakness(password, "li.na") is why


def test_a_first_password_is_good_enough_and_never_the_same() -> None:
    made = [first_password() for _ in range(200)]
    assert len(set(made)) == 200
    assert {weakness(one, "li.na") for one in made} == {None}


@pytest.mark.parametrize(
    ("now", "code"),
    # RFC 6238, appendix B, SHA-1: the last six of the eight digits.
    [(1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard_and_good_for_a_minute_and_a_half(now: int, code: str) -> None:
    step = now // 30
    assert [_step(RFC6238, code, (step + n) * 30) for n in (-2, -1, 0, 1, 2)] == [
        None,
        step,
        step,
        step,
        None,
    ]
    assert _step(RFC6238, f"{code[:3]} {code[3:]}", now) == step


def test_what_an_authenticator_shares_is_160_random_bits() -> None:
    made = [b32decode(fresh_key()) for _ in range(200)]
    assert {len(one) for one in made} == {20}
    assert len(set(made)) == 200
