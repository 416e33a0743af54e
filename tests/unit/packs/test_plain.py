"""Whoever reads his own record meets no code that is not said in words, in either language."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from recourse.domain.decision import Closing
from recourse.domain.law.verdict import RefusalCode
from recourse.domain.situation import AttemptOutcome, Channel, Stage
from recourse.packs.plain import plain


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("channel", Channel),
        ("outcome", AttemptOutcome),
        ("stage", Stage),
        ("refusal", RefusalCode),
        ("closed", Closing),
        ("decision", ("opened", "stage", "closed", "task", "refused")),
    ],
)
def test_every_code_has_words_and_none_is_for_nothing(kind: str, codes: Iterable[str]) -> None:
    assert set(getattr(plain(), kind)) == {str(code) for code in codes}


def test_a_code_from_another_release_is_shown_as_it_is() -> None:
    assert plain().say("refusal", "of_tomorrow", "zh") == "of_tomorrow"


def test_the_rights_name_where_to_write() -> None:
    assert all("{contact}" in plain().say("rights", "text", language) for language in ("zh", "en"))
