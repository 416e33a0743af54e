"""Every word of the pages is said in both languages, and none stands in a template by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from recourse.domain.decision import Closing, WaitReason
from recourse.domain.dispositions import DISPOSITIONS, KINDS
from recourse.domain.disputes import ANSWER_DISPUTE, DISPUTE_OVERDUE, DisputeKind
from recourse.domain.law.verdict import RefusalCode
from recourse.domain.situation import Channel, HoldReason, PartyRole, PromiseState, Stage, StepOutcome
from recourse.service import accounts, permitting
from recourse.service.passwords import Weak
from recourse.service.pulling import Skip
from recourse.service.second_factor import Code
from recourse.storage.queue import WHY
from recourse.web.pages.language import LANGUAGES, catalogue, words
from recourse.web.pages.navigation import ENTRIES

PAGES = Path(__file__).parents[3] / "recourse" / "web" / "pages"
TEMPLATES = sorted((PAGES / "templates").glob("*.html"))
SAID: dict[str, object] = {
    "stage": Stage,
    "channel": Channel,
    "refusal": RefusalCode,
    "wait": WaitReason,
    "closing": Closing,
    "hold": HoldReason,
    "party": PartyRole,
    "promise": PromiseState,
    "step": StepOutcome,
    "dispute": DisputeKind,
    "skip": Skip,
    "task": (*KINDS, ANSWER_DISPUTE, DISPUTE_OVERDUE),
    "outcome": tuple(DISPOSITIONS),
    "role": accounts.ROLES,
    "team": tuple(permitting.ROLES),
    "why": WHY,
    "refused": (*Weak, *(code for code in Code if code is not Code.GOOD), "password_wrong"),
    "page": tuple(entry.says for entry in ENTRIES),
    "language": LANGUAGES,
}
"""Kind of code -> the codes that may come up."""
READ_BY_PEOPLE = {"title", "alt", "placeholder", "aria-label", "aria-description"}
NO_WORDS = {"中文", "English"}
"""Languages are named in themselves."""


def _codes(codes: object) -> list[str]:
    if isinstance(codes, type) and issubclass(codes, StrEnum):
        return [code.value for code in codes]
    assert isinstance(codes, tuple)
    return [str(code) for code in codes]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", SAID)
def test_every_code_has_words_in_every_language(kind: str, language: str) -> None:
    kept = catalogue(language)
    missing = [code for code in _codes(SAID[kind]) if not _translated(kept, code, kind)]
    assert not missing, f"add them to words/{language}.po with msgctxt {kind}"


def _translated(kept: object, text: str, kind: str | None = None) -> str:
    found = kept.get(text, kind)  # type: ignore[attr-defined]
    return found.string if found is not None and not found.fuzzy else ""


def _sentences() -> set[str]:
    options = {"**.html": {"silent": "false", "newstyle_gettext": "true"}}
    found = extract_from_dir(PAGES / "templates", [("**.html", "jinja2")], options)
    return {str(message) for _, _, message, _, _ in found}


def test_every_sentence_is_said_in_chinese_and_none_is_left_over() -> None:
    kept, sentences = catalogue("zh"), _sentences()
    assert len(sentences) > 50
    assert [one for one in sorted(sentences) if not _translated(kept, one)] == []
    left = {message.id for message in kept if message.id and message.context is None} - sentences
    assert left == set()


def test_what_a_sentence_leaves_open_is_left_open_in_chinese_too() -> None:
    holes = re.compile(r"%\(\w+\)s")
    for message in catalogue("zh"):
        if message.context is None and message.id:
            said, translated = str(message.id), str(message.string)
            assert sorted(holes.findall(said)) == sorted(holes.findall(translated))


def test_both_languages_have_the_same_codes() -> None:
    first, second = ({(m.context, m.id) for m in catalogue(one) if m.context} for one in LANGUAGES)
    assert first == second


def test_codes_are_looked_up_under_kinds_that_there_are() -> None:
    asked = re.compile(r'words\.(?:code\("(\w+)"|known\([\w.]+, ([^)]*)\))')
    kinds = {message.context for message in catalogue("en") if message.context}
    for file in TEMPLATES:
        for one, several in asked.findall(file.read_text(encoding="utf-8")):
            assert {one} - {""} | set(re.findall(r'"(\w+)"', several)) <= kinds, file.name


class _Texts(HTMLParser):
    """What a person would read of a page: texts, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in READ_BY_PEOPLE]


def _hard_coded(template: str) -> Iterator[str]:
    """Expressions are replaced by nothing, statements too; keys of the keyboard are no words."""
    bare = re.sub(r"\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}", "", template, flags=re.DOTALL)
    bare = re.sub(r"<kbd>.*?</kbd>", "", bare)
    parser = _Texts()
    parser.feed(bare)
    for text in parser.found:
        if re.search(r"\w*[^\W\d_]\w*", text) and text.strip() not in NO_WORDS:
            yield text.strip()


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_word_stands_in_a_template_by_itself(file: Path) -> None:
    assert list(_hard_coded(file.read_text(encoding="utf-8"))) == []


def test_that_test_finds_words_wherever_a_reader_meets_them() -> None:
    page = '<p title="Owed">{{ _("Due") }} Unpaid <input placeholder="Name"> 12 · <b>逾期</b></p>'
    assert list(_hard_coded(page)) == ["Owed", "Unpaid", "Name", "逾期"]


def test_amounts_and_days_are_written_as_each_language_does() -> None:
    assert words("en").money(123_450, "CNY") == "CN¥1,234.50"
    assert words("zh").money(123_450, "CNY") == "¥1,234.50"
    assert words("zh").money(1_234, "JPY") == "JP¥1,234"
