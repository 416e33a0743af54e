"""What a recipient must not see stands nowhere in what he gets, and everything else does."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recourse.domain.redaction import Cover, Kept, Recipient, Withheld, path_of, redact

DOSSIER: dict[str, Any] = {
    "loan_id": "L-1",
    "borrower": {
        "people": [
            {
                "id": "P-1",
                "role": "borrower",
                "name": "Mary Ann Doe",
                "details": {"national_id": "110101199003071234", "employer": None},
                "contact_points": [{"kind": "mobile", "value": "+86 138-0000-0001", "consent": ["sms"]}],
            },
            {"id": "P-2", "role": "guarantor", "name": "王建国", "details": {}, "contact_points": []},
        ]
    },
    "contacts": {"attempts": [{"content": "Dear Ms Doe, call 13800000001. Licensed by MARY."}]},
}


def _recipient(*rules: Withheld) -> Recipient:
    return Recipient("test", {"zh": "试", "en": "test"}, "a rule", "primary", rules)


def _redacted(*rules: Withheld) -> Any:
    return redact(DOSSIER, _recipient(*rules))


def test_without_rules_all_of_it_stays() -> None:
    assert _redacted().document == DOSSIER
    assert _redacted().places == ()


def test_a_withheld_place_says_why_and_is_listed() -> None:
    found = _redacted(Withheld("borrower.people[role=guarantor].name", "of another person"))
    assert [p["name"] for p in found.document["borrower"]["people"]] == [
        "Mary Ann Doe",
        "[of another person]",
    ]
    assert found.places == (("borrower.people.1.name", "of another person"),)


def test_others_than_the_named_ones_can_be_meant() -> None:
    found = _redacted(Withheld("borrower.people[role!=borrower|joint]", "others"))
    assert found.document["borrower"]["people"][0]["name"] == "Mary Ann Doe"
    assert found.document["borrower"]["people"][1] == "[others]"


def test_a_name_is_covered_in_every_text_and_spelling() -> None:
    found = _redacted(Withheld("borrower.people.name", "identity"))
    assert found.document["contacts"]["attempts"][0]["content"] == (
        "Dear Ms […], call 13800000001. Licensed by […]."
    )


def test_a_number_is_covered_however_it_is_written() -> None:
    found = _redacted(Withheld("borrower.people.contact_points.value", "identity"))
    assert found.document["contacts"]["attempts"][0]["content"] == (
        "Dear Ms Doe, call […]. Licensed by MARY."
    )
    assert found.document["borrower"]["people"][0]["contact_points"][0]["kind"] == "mobile"


@pytest.mark.parametrize(
    ("keep", "said"), [(Kept.NOTHING, "[why]"), (Kept.LAST4, "…1234 [why]"), (Kept.YEAR, "…1101 [why]")]
)
def test_what_stays_of_a_value_is_what_the_rule_says(keep: Kept, said: str) -> None:
    found = _redacted(Withheld("borrower.people.details.national_id", "why", keep))
    assert found.document["borrower"]["people"][0]["details"]["national_id"] == said


def test_an_end_of_a_short_value_would_be_the_value() -> None:
    short = {"details": {"national_id": "12345"}}
    found = redact(short, _recipient(Withheld("details.national_id", "why", Kept.LAST4)))
    assert found.document["details"]["national_id"] == "[why]"


def test_what_is_not_there_is_not_withheld() -> None:
    found = _redacted(
        Withheld("borrower.people.details.employer", "why"), Withheld("nothing.of.the.kind", "why")
    )
    assert found.document == DOSSIER
    assert found.places == ()


def test_the_document_itself_stays() -> None:
    before = json.dumps(DOSSIER)
    _redacted(Withheld("borrower.people", "why"))
    assert json.dumps(DOSSIER) == before


def test_a_part_of_a_word_is_no_name() -> None:
    cover = Cover.of(["Li Wei"])
    assert cover.cover("License, Li Wei, Wei") == "License, […], […]"


@pytest.mark.parametrize("path", ["", "a..b", "A", "a[b]", "a[b~c]", "a b"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no part of a path"):
        path_of(path)


_NAMES = st.text("王李张建国伟ABCdefghÄß", min_size=2, max_size=8).filter(lambda name: name.strip() == name)
_NUMBERS = st.text(string.digits, min_size=8, max_size=14)
_OWN = ("people", "name", "value", "notes", "inner", "most", "text")
"""What the document itself says: a part of a word is no name, and stays."""
_WORDS = st.lists(st.sampled_from(["hello", "please pay", "2026-11-27", "您好", "ok"]), max_size=4)


@given(name=_NAMES, number=_NUMBERS, words=_WORDS, glue=st.sampled_from([" ", ", ", "\n", "("]))
def test_no_withheld_value_can_be_read_anywhere(name: str, number: str, words: list[str], glue: str) -> None:
    """Looked for without the code that covers: as a plain part of the text."""
    written = f"{number[:3]}-{number[3:]}"
    document = {
        "people": [{"name": name, "value": number}],
        "notes": [glue.join([*words, name, *words, number, written])],
        "inner": {"most": [{"text": f"{name}{glue}{written}"}]},
    }
    assume(not any(name in word for word in (*_OWN, *words)))
    rules = Withheld("people.name", "one"), Withheld("people.value", "two")
    told = json.dumps(redact(document, _recipient(*rules)).document, ensure_ascii=False)
    assert name not in told
    assert number not in told
    assert written not in told
    assert all(word in told for word in words if word not in ("2026-11-27", "ok"))
