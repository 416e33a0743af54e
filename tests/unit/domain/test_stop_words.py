"""What counts as the STOP that every message promises. The words are those of the law and of the field."""

from __future__ import annotations

import pytest

from recourse.domain.law.stop_words import asks_to_stop


@pytest.mark.parametrize(
    "text",
    [
        *("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"),  # 47 CFR 64.1200(a)(10)
        *("STOPALL", "Stop all", "OptOut", "opt-out", "ARRET", "Arrêt"),
        *("T", "t", "TD", "td。", "退订", "退訂", "拒收", "停止", "取消"),
    ],
)
def test_a_word_of_the_law_or_of_the_field_alone_asks_to_stop(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "  STOP\r\n",
        "Stop.",
        "“STOP”!!!",
        "STOP",
        "S\u200bTOP",
        "*stop*",
        "TD",
        "【退订】",
        "退 订",
        "STOP\x00",
    ],
)
def test_case_width_spaces_and_punctuation_make_no_difference(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "stop texting me",
        "STOP! I have paid",
        "Please stop",
        "pls, STOP these messages",
        "end this",
        "Unsubscribe me from your list",
        "退订谢谢",
        "请退订",
        "回T退订",
        "我要退订",
        "停止发送",
        "请停止骚扰",
    ],
)
def test_what_begins_with_such_a_word_counts_whatever_follows(text: str) -> None:
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?!",
        "Yes",
        "I will pay on Friday",
        "T 3000 paid",
        "ok thanks",
        "START",
        "stopped working last month, can we talk",
        "endorsed the cheque",
        "我明天还款",
        "已还",
    ],
)
def test_any_other_text_is_left_to_a_person(text: str) -> None:
    assert not asks_to_stop(text)
