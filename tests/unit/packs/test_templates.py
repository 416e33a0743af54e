"""Every text a ladder may send exists in every language, says what the law asks, and leaks nothing."""

from __future__ import annotations

from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import StepKind
from recourse.packs.letters import letter_kinds
from recourse.packs.loader import load_packs
from recourse.packs.render import LANGUAGES, PASSAGES, language_of, passages, printed, render

TEMPLATES = files("recourse.packs") / "templates"
FOUND = sorted(
    (folder.name, *file.name.removesuffix(".txt").split("."))
    for folder in TEMPLATES.iterdir()
    for file in folder.iterdir()
    if not file.name.endswith(".letter.txt")
)
"""(template, language, channel) of every message that lies there; letters have tests of their own."""

VARIABLES: dict[str, object] = {
    "name": "Mei Example",
    "lender": "demo-auto-finance",
    "amount": "3,520.17 CNY",
    "oldest_due": "2026-10-05",
    "dpd": 32,
    "pay_reference": "L-000123",
    "phone": "+86 400 000 0000",
    "deadline": "2026-11-30",
    "opt_out": "Reply STOP to end these messages.",
}


def test_each_template_comes_in_english_and_chinese_and_each_language_of_one_on_both_channels() -> None:
    names, spoken = {name for name, _, _ in FOUND}, {(name, language) for name, language, _ in FOUND}
    assert spoken >= {(name, language) for name in names for language in ("en", "zh")}
    assert set(FOUND) == {(*one, channel) for one in spoken for channel in ("email", "sms")}
    assert {language for _, language in spoken} == set(LANGUAGES)


@pytest.mark.parametrize(("template", "language", "channel"), FOUND)
def test_a_template_renders_with_lender_amount_and_the_way_out(
    template: str, language: str, channel: str
) -> None:
    words = render(template, channel, language, VARIABLES)
    assert (words.subject is None) is (channel == "sms")
    for said in ("Mei Example", "demo-auto-finance", "3,520.17 CNY", "Reply STOP", "+86 400 000 0000"):
        assert said in words.body
    assert "{" not in f"{words.subject}{words.body}"
    assert words.body == words.body.strip()


@pytest.mark.parametrize(("template", "language", "channel"), FOUND)
def test_without_a_phone_number_no_sentence_points_into_the_void(
    template: str, language: str, channel: str
) -> None:
    words = render(template, channel, language, VARIABLES | {"phone": ""})
    for dangling in (": .", "：。", ":.", " .", "  "):
        assert dangling not in words.body


@pytest.mark.parametrize(("template", "language", "channel"), FOUND)
def test_a_subject_line_tells_a_stranger_no_name(template: str, language: str, channel: str) -> None:
    words = render(template, channel, language, VARIABLES)
    assert "Mei Example" not in (words.subject or "")


def test_every_reminder_of_every_shipped_ladder_has_its_texts() -> None:
    sent = [
        (step.template, step.channel)
        for strategy in load_packs().strategies.values()
        for step in strategy.steps
        if step.kind is StepKind.REMIND
    ]
    assert sent
    for template, channel in sent:
        assert template is not None
        assert channel is not None
        if channel is Channel.LETTER:
            assert template in letter_kinds()
            continue
        for language in ("zh-CN", "zh-Hant", "en", "en-US", "es"):
            assert render(template, channel.value, language, VARIABLES).body


@pytest.mark.parametrize(
    ("tag", "chinese"), [("zh", True), ("zh-CN", True), ("ZH-Hant", True), ("en", False), ("es-MX", False)]
)
def test_every_kind_of_chinese_is_written_to_in_chinese_and_everybody_else_in_english(
    tag: str, chinese: bool
) -> None:
    body = render("reminder_friendly", "sms", tag, VARIABLES).body
    assert ("您好" in body) is chinese


@pytest.mark.parametrize(
    ("template", "tag", "language"),
    [
        ("formal_demand", "de-AT", "de"),
        ("formal_demand", "DE", "de"),
        ("uk_default_notice", "de", "en"),
        ("uk_default_notice", "zh-Hant", "zh"),
        ("formal_demand", "fr", "en"),
    ],
)
def test_who_has_a_text_in_his_language_gets_it_and_everybody_else_english(
    template: str, tag: str, language: str
) -> None:
    assert language_of(template, "email", tag) == language
    said = render(template, "email", tag, VARIABLES)
    assert said == render(template, "email", language, VARIABLES)


def test_every_text_of_the_european_ladder_is_there_in_german() -> None:
    strategy = load_packs().default_strategy("DE")
    sent = {(s.template, s.channel) for s in strategy.steps if s.template and s.channel}
    assert len({template for template, _ in sent}) == 3
    for template, channel in sent:
        assert "Guten Tag" in render(template, "email", "de", VARIABLES).body
        assert language_of(template, channel.value, "de") == "de"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_the_notices_of_the_united_kingdom_name_their_section_and_where_advice_is_free(
    language: str, channel: str
) -> None:
    for template, section in (("uk_arrears_notice", "86B"), ("uk_default_notice", "87")):
        words = render(template, channel, language, VARIABLES)
        text = f"{words.subject or ''} {words.body}"
        assert section in text
        assert "moneyhelper.org.uk" in text


def test_a_name_is_text_and_never_a_template() -> None:
    body = render("reminder_friendly", "sms", "en", VARIABLES | {"name": "{{ 7 * 7 }} <b>"}).body
    assert "{{ 7 * 7 }} <b>" in body


@pytest.mark.parametrize("left_out", ["name", "lender", "amount", "opt_out"])
def test_a_variable_nobody_gave_is_an_error_and_no_gap(left_out: str) -> None:
    with pytest.raises(UndefinedError, match=left_out):
        render("reminder_firm", "email", "en", {k: v for k, v in VARIABLES.items() if k != left_out})


def test_a_template_nobody_wrote_is_named_with_its_file() -> None:
    with pytest.raises(LookupError, match=r"no_such/en\.sms\.txt"):
        render("no_such", "sms", "en", VARIABLES)


def test_the_version_tells_two_texts_apart_and_repeats_for_one() -> None:
    first = render("reminder_firm", "sms", "en", VARIABLES)
    again = render("reminder_firm", "sms", "en", VARIABLES | {"name": "Other"})
    other = render("reminder_friendly", "sms", "en", VARIABLES)
    assert first.version == again.version != other.version


def test_a_rendered_text_does_not_show_itself_in_logs() -> None:
    words = render("reminder_firm", "email", "en", VARIABLES)
    assert "Mei Example" not in repr(words)


@pytest.mark.parametrize(("template", "language", "channel"), FOUND)
def test_a_passage_is_one_that_the_rendered_text_shows(template: str, language: str, channel: str) -> None:
    """Each variable gets a word of its own; what the text says is compared with what it is said to have."""
    words = {variable: f"word-{number}-" for number, variable in enumerate(VARIABLES)}
    text = render(template, channel, language, words | {"phone": ""})
    said = f"{text.subject} {text.body}"
    shown = {name for name, var in PASSAGES.items() if var in words and words[var] in said}
    assert passages(template, channel)[language] == shown


@pytest.mark.parametrize("template", ["cure_notice", "uk_default_notice", "formal_demand"])
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_notice_that_gives_days_prints_the_last_of_them(template: str, channel: str) -> None:
    assert all("deadline" in has for has in passages(template, channel).values())
    for language in ("en", "zh"):
        assert "2026-11-30" in render(template, channel, language, VARIABLES).body


@pytest.mark.parametrize(
    "text",
    [
        "{% if amount %}{{ lender }}{% endif %}",
        "{% for x in [] %}{{ lender }}{% endfor %}",
        "{# {{ lender }} #}",
        "{{ 'lender' }}",
        "{% set lender = 1 %}",
        "{{ lender if phone }}",
    ],
)
def test_what_may_not_be_printed_is_no_passage(text: str) -> None:
    assert printed(text) == set()
    assert printed(text + " {{ lender }}") == {"lender"}


def test_a_text_that_nobody_wrote_has_no_language() -> None:
    assert passages("reminder_friendly", "letter") == {}
