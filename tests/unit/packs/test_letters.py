"""Letters say what the law asks, keep values what they are, and are not written while one is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recourse.domain.letter import LetterError
from recourse.domain.situation import Channel
from recourse.packs.letters import letter_kinds, plain_text, write
from recourse.packs.loader import load_packs
from recourse.packs.render import FRAME, PASSAGES, passages
from recourse.packs.statements import statements
from tests.letters import VALUES

HOSTILE = [
    '#import "@preview/x:1.0.0"',
    "$ x^2 $",
    "*bold* _it_",
    "a\\b",
    "| a | b",
    "! loud",
    "- item",
    "{{ lender }}",
]
BOTH = pytest.mark.parametrize("language", ["zh", "en"])
KINDS = pytest.mark.parametrize("kind", letter_kinds())


def _written(kind: str, language: str, **values: Any) -> dict[str, Any]:
    letter: dict[str, Any] = json.loads(write(kind, language, {**VALUES, **values}, contact="att-1"))
    return letter


def test_there_is_a_letter_for_each_occasion() -> None:
    wanted = {"reminder_firm", "formal_demand", "cure_notice", "lawyers_letter", "acceleration_notice"}
    assert wanted | {"pre_sale_notice", "handover_cover", "uk_default_notice"} <= set(letter_kinds())


@KINDS
@BOTH
def test_a_letter_names_both_sides_its_day_and_its_reference(kind: str, language: str) -> None:
    letter = _written(kind, language)
    day = "2026年11月27日" if language == "zh" else "27 November 2026"
    assert (letter["date"], letter["on"], letter["reference"]) == (day, "2026-11-27", "L-000123")
    assert letter["from"]["name"] == VALUES["counsel" if kind == "lawyers_letter" else "lender"]
    assert letter["to"]["name"] == VALUES["counsel" if kind == "handover_cover" else "name"]
    assert letter["from"]["lines"]
    assert letter["to"]["lines"]
    assert "{" not in plain_text(letter)


@KINDS
@BOTH
def test_a_letter_has_the_passages_it_is_said_to_have(kind: str, language: str) -> None:
    """Each value gets a word of its own; what is printed is compared with what the text is said to print."""
    words = {name: f"word-{number}-" for number, name in enumerate(VALUES) if name != "on"} | {"phone": ""}
    needs_phone = "phone" in passages(kind, "letter")[language]
    letter = _written(kind, language, **(words | ({"phone": "word-phone-"} if needs_phone else {})))
    text = f"{letter['subject']} {plain_text(letter)}"
    shown = {name for name, variable in PASSAGES.items() if words.get(variable) and words[variable] in text}
    shown |= {"phone"} if needs_phone and "word-phone-" in text else set()
    shown |= {name for name, one in statements().items() if one.in_(language) in text}
    assert passages(kind, "letter")[language] == shown | FRAME


@KINDS
@BOTH
def test_what_a_letter_always_says_must_be_there(kind: str, language: str) -> None:
    needed = {PASSAGES[name] for name in passages(kind, "letter")[language] if name in PASSAGES}
    recipient = "counsel_address" if kind == "handover_cover" else "address"
    for field in sorted(needed | {recipient}):
        with pytest.raises(LetterError, match=rf"^{field}: missing, .+; .+"):
            _written(kind, language, **{field: ""})


def test_a_missing_setting_is_named_with_its_variable() -> None:
    with pytest.raises(LetterError, match="RECOURSE_LENDERS, in the field counsel_address"):
        _written("lawyers_letter", "en", counsel_address="")


@pytest.mark.parametrize("name", HOSTILE)
@BOTH
def test_a_value_stays_the_text_it_is(name: str, language: str) -> None:
    plain, hostile = _written("formal_demand", language), _written("formal_demand", language, name=name)
    assert hostile["to"]["name"] == name
    assert [block["is"] for block in hostile["blocks"]] == [block["is"] for block in plain["blocks"]]
    assert name in plain_text(hostile)


@pytest.mark.parametrize(
    ("name", "sign"),
    [("a\u202eb", "202E"), ("a\x00", "0000"), ("a\nb", "000A"), ("a\u200bb", "200B"), ("\ue000", "E000")],
)
def test_a_sign_that_nobody_sees_is_refused(name: str, sign: str) -> None:
    with pytest.raises(LetterError, match=rf"name: holds U\+{sign}.*; ") as refused:
        _written("formal_demand", "en", name=name)
    assert name not in str(refused.value)


def test_an_address_may_have_several_lines() -> None:
    letter = _written("formal_demand", "en", address="12 Sample Street\n\n  Denver, CO 80202 ")
    assert letter["to"]["lines"] == ["12 Sample Street", "Denver, CO 80202"]


@given(st.dictionaries(st.sampled_from(["name", "amount", "lender"]), st.text("ab王|!-#${}[]", min_size=1)))
def test_equal_values_give_equal_bytes_and_others_another_number(values: dict[str, str]) -> None:
    first, again = (write("formal_demand", "zh", {**VALUES, **values}, contact="att-1") for _ in range(2))
    other = write("formal_demand", "zh", {**VALUES, **values}, contact="att-2")
    assert first == again
    assert (json.loads(first)["id"] == json.loads(other)["id"]) is False


def test_a_german_has_the_demand_in_german() -> None:
    letter = _written("formal_demand", "de-AT")
    assert (letter["language"], letter["date"]) == ("de", "27.11.2026")


def test_a_letter_in_a_language_without_one_is_written_in_english() -> None:
    assert _written("formal_demand", "es-MX")["language"] == "en"


def test_a_template_without_a_letter_is_an_error_that_names_the_file() -> None:
    with pytest.raises(LookupError, match=r"reminder_friendly/en\.letter\.txt"):
        _written("reminder_friendly", "en")


def test_every_letter_to_a_borrower_has_what_each_installed_law_asks_of_it() -> None:
    asked = 0
    for pack in load_packs().laws.values():
        of_letters = {n for rule in pack.contents if Channel.LETTER in rule.channels for n in rule.contains}
        for kind in set(letter_kinds()) - {"handover_cover"}:
            of_notice = {name for rule in pack.notices if rule.template == kind for name in rule.contains}
            for language, has in passages(kind, "letter").items():
                asked += len(of_letters | of_notice)
                assert of_letters | of_notice <= has, (pack.id, kind, language)
    assert asked
