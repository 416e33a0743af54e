"""What the gate does not ask: passages of messages, working days, the limitation clock. Each rule is typed
once more, and without it what enforces it answers otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from recourse.app.linting import house
from recourse.domain.fold import Account
from recourse.domain.law import limitation
from recourse.domain.law.rules import LawPack
from recourse.domain.proofs import Proof, ProofKind
from recourse.domain.situation import Channel
from recourse.domain.strategy import timing
from recourse.domain.strategy.lint import Code, lint
from recourse.packs.loader import PackBook, Place, load_packs
from tests.unit.domain.builders import arrears, ladder, remind, situation, task

BOOK = load_packs()
CONTENTS = {
    "AU": {"au_who_is_writing": ("email sms letter", "sender amount")},
    "CN": {"cn_who_is_speaking": ("email sms letter", "sender amount")},
    "EU": {"eu_who_is_writing": ("email sms letter", "sender amount")},
    "IN": {"in_who_is_writing": ("email sms letter", "sender amount")},
    "UK": {"uk_who_is_writing": ("email sms letter", "sender amount")},
    "US": {
        "us_opt_out": ("email sms", "sender opt_out"),
        "us_house_letters": ("letter", "sender sender_address amount"),
    },
}
RESTS = {
    "AU": ("2026-12-25", "2026-12-28"),
    "CN": ("2026-10-01", "2026-10-08"),
    "DE": ("2026-12-25", "2026-12-28"),
    "IN": ("2026-10-02", "2026-10-03"),
    "UK": ("2026-12-25", "2026-12-29"),
    "US": ("2026-11-26", "2026-11-27"),
}
"""A holiday, and the next day that is worked. Britain makes up for Boxing Day on Monday, and of Australia's
states not all do; India works on Saturdays."""
LIMITATION = {
    "AU": ("2032-02-01", "acknowledged part_payment suit"),
    "CN": (
        "2030-06-01",
        "demand_signed_for demand_delivered message_delivered acknowledged part_payment own_debit "
        "newspaper_notice suit",
    ),
    "DE": ("2029-12-31", "acknowledged part_payment"),
    "IN": ("2029-02-01", "acknowledged part_payment suit"),
    "UK": ("2032-02-01", "acknowledged part_payment suit"),
}
"""Of an installment that fell due on 2026-02-01 under a contract that ends on 2027-06-01: when the claim has
run out, and what starts it anew. In the United States it is a matter of the states, and no pack has it."""


def laws(place: str, on: date, book: PackBook = BOOK) -> tuple[LawPack, ...]:
    return book.packs_for(Place(place, place), on)


def lacking(book: PackBook, pack: str) -> dict[str, tuple[str, str]]:
    """What the linter misses in a text that says nothing."""
    known = replace(house(), passages=lambda template, channel: {"en": frozenset()})
    steps = [remind(channel, 3, Channel(channel)) for channel in ("email", "sms", "letter")]
    found: dict[str, tuple[str, str]] = {}
    law = book.laws[pack].as_of(date(2026, 11, 6))
    for finding in lint(ladder(*steps), [(pack, (law,))], known):
        if finding.code is Code.PASSAGE_MISSING:
            before = found.get(finding.rule, ("", ""))[0]
            passages = finding.what.partition(" lacks ")[2].replace(",", "")
            found[finding.rule] = (f"{before} {finding.step}".strip(), passages)
    return found


def next_worked(book: PackBook, place: str) -> tuple[date, time]:
    """The day and hour on which a task of the holiday appears, at a lender in Shanghai."""
    holiday = date.fromisoformat(RESTS[place][0])
    noon = datetime.combine(holiday, time(4), UTC)
    at = timing.on_a_working_day(task("t", 1), noon, laws(place, holiday, book), "Asia/Shanghai")
    local = at + timedelta(hours=8)
    return local.date(), local.time()


def clock_of(book: PackBook, place: str) -> tuple[str, str]:
    on = date(2026, 11, 6)
    s = replace(
        situation(datetime(2026, 11, 6, 4, tzinfo=UTC)),
        account=Account(arrears(date(2026, 2, 1))),
        last_due_on=date(2027, 6, 1),
    )
    packs = laws(place, on, book)
    [plain] = limitation.clocks(s, packs) or [None]
    if plain is None:
        return "never", ""
    later = datetime(2027, 7, 1, tzinfo=UTC)
    again = {
        kind
        for kind in ProofKind
        if limitation.clocks(replace(s, proofs=(Proof(kind, later, "x"),)), packs)[0].restarts
    }
    return f"{plain.ends_on}", " ".join(kind for kind in ProofKind if kind in again)


def without(pack: str, kind: str, code: str) -> PackBook:
    law = BOOK.laws[pack]
    kept: dict[str, Any] = {kind: tuple(rule for rule in getattr(law, kind) if rule.code != code)}
    return replace(BOOK, laws=BOOK.laws | {pack: replace(law, **kept)})


def in_order(kinds: str) -> str:
    return " ".join(kind for kind in ProofKind if kind in kinds.split())


ENFORCED: dict[str, tuple[Callable[[PackBook, str], Any], dict[str, Any]]] = {
    "contents": (lacking, CONTENTS),
    "office_days": (
        next_worked,
        {place: (date.fromisoformat(day), time(9)) for place, (_, day) in RESTS.items()},
    ),
    "limitation": (clock_of, {place: (ends, in_order(kinds)) for place, (ends, kinds) in LIMITATION.items()}),
}
RULES = [
    (kind, law.id, rule.code)
    for kind in ENFORCED
    for law in BOOK.laws.values()
    for rule in getattr(law, kind)
]


@pytest.mark.parametrize(("kind", "pack", "code"), RULES)
def test_each_rule_is_enforced_as_it_is_typed_here_and_without_it_is_not(
    kind: str, pack: str, code: str
) -> None:
    answer, typed = ENFORCED[kind]
    assert answer(BOOK, pack) == typed[pack]
    assert answer(without(pack, kind, code), pack) != typed[pack]


@pytest.mark.parametrize("kind", ENFORCED)
def test_no_rule_that_is_typed_here_has_gone(kind: str) -> None:
    assert {pack for other, pack, _ in RULES if other == kind} == set(ENFORCED[kind][1])
