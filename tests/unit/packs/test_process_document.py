"""docs/process.md and docs/ladders.md say what the packs and the code say; a step, a cap or a code that is
forgotten there is found here.

When a ladder changes, the failing test prints the block that belongs into the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from recourse.domain.decision import Closing, WaitReason
from recourse.domain.dispositions import DISPOSITIONS
from recourse.domain.law.rules import LawPack
from recourse.domain.law.stop_words import ALONE, ANYWHERE, FIRST, PREFIX
from recourse.domain.law.verdict import RefusalCode
from recourse.domain.situation import HoldReason, Stage
from recourse.domain.strategy.ladder import Step, Strategy
from recourse.domain.strategy.progress import FINAL_REFUSALS
from recourse.packs.loader import load_packs
from recourse.service.permitting import ROLES

DOCS = Path(__file__).parents[3] / "docs"
STRATEGIES = load_packs().strategies_for_new_cases()
LAWS = [load_packs().laws[country] for country in ("CN", "US")]
"""Whose rules are told one by one."""
TOLD = (
    "hours",
    "caps",
    "conversation_waits",
    "rest_days",
    "office_days",
    "restrictions",
    "consent",
    "parties",
    "holds",
    "locate_basis",
    "handover",
)
HEAD = "| day | until | step | stage | what | channel | again | needs | stands in for |"


@cache
def document() -> str:
    return (DOCS / "process.md").read_text(encoding="utf-8")


@cache
def drawn() -> str:
    return (DOCS / "ladders.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """First cell -> the row, of the tables between this heading and the next one."""
    body = re.split(r"^#+ ", document().split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = [line for line in body.splitlines() if line.startswith("| `")]
    return {line.split("`")[1]: line for line in found}


def what(step: Step) -> str:
    told = step.template or step.purpose or (f"{step.task}, team {step.team}" if step.task else "")
    return f"{step.kind}: {told}" if told else step.kind


def needs(step: Step) -> str:
    wait = f", {step.wait_days} days ago" if step.wait_days else ""
    segments = f"in {' or '.join(step.only)}" if step.only else ""
    return "; ".join(part for part in (", ".join(step.requires) + wait, segments) if part)


def again(step: Step) -> str:
    tries = f"{step.tries} tries, {step.every_days} days apart" if step.tries > 1 else ""
    expires = f"open {step.expires_days} days" if step.expires_days else ""
    return "; ".join(part for part in (tries, expires) if part)


def table(strategy: Strategy) -> str:
    lines = [HEAD, "|---:|---:|---|---|---|---|---|---|---|"]
    for s in strategy.steps:
        cells = [
            str(s.day),
            "" if s.until is None else str(s.until),
            f"`{s.id}`",
            s.stage.value,
            what(s),
            s.channel.value if s.channel else "",
            again(s),
            needs(s),
            s.fallback_for or "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def picture(strategy: Strategy) -> str:
    """A Mermaid flowchart: one box a stage, the steps in their order, dotted where a fallback takes over."""
    lines = ["```mermaid", "flowchart TD"]
    for stage in Stage:
        inside = [s for s in strategy.steps if s.stage is stage]
        if inside:
            lines.append(f'  subgraph stage_{stage}["{stage}"]')
            lines += [f'    {s.id}["day {s.day} · {s.id}<br/>{label(s)}"]' for s in inside]
            lines.append("  end")
    handed = {stop.hand_to: stop.id for stop in strategy.stop}
    main = [s for s in strategy.steps if not (s.fallback_for or s.only or s.id in handed)]
    lines += [f"  {before.id} --> {after.id}" for before, after in pairwise(main)]
    for s in strategy.steps:
        why = handed.get(s.id) or " or ".join(s.only)
        if why:
            before = max((m for m in main if m.day <= s.day), key=lambda m: m.day)
            lines.append(f"  {before.id} -. {why} .-> {s.id}")
    lines += [
        f"  {s.fallback_for} -. cannot be done .-> {s.id}"
        for s in strategy.steps
        if s.fallback_for is not None
    ]
    return "\n".join([*lines, "```"])


def label(step: Step) -> str:
    if step.channel is not None:
        return step.channel.value
    return step.team or ("tracker" if step.kind == "locate" else "legal desk")


def names(strategy: Strategy) -> str:
    return strategy.id


def law_id(law: LawPack) -> str:
    return law.id


@pytest.mark.parametrize("strategy", STRATEGIES, ids=names)
def test_the_picture_and_the_table_are_those_of_the_ladder(strategy: Strategy) -> None:
    for wanted in (picture(strategy), table(strategy)):
        assert wanted in drawn(), f"docs/ladders.md should say:\n\n{wanted}\n"


@pytest.mark.parametrize("strategy", STRATEGIES, ids=names)
def test_every_step_stands_there_with_its_day_its_channel_and_its_stage(strategy: Strategy) -> None:
    told = drawn().split(f"`{strategy.name}`", 1)[1].splitlines()
    for step in strategy.steps:
        row = next(line for line in told if f"| `{step.id}` |" in line)
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[0] == str(step.day)
        assert cells[3] == step.stage.value
        assert cells[5] == (step.channel.value if step.channel else "")


@pytest.mark.parametrize("strategy", STRATEGIES, ids=names)
def test_the_promise_rule_and_the_buckets_are_told(strategy: Strategy) -> None:
    rule = strategy.promise
    grace = f"{rule.grace_days} day" + ("s" if rule.grace_days > 1 else "")
    assert f"| `{strategy.id}` | {rule.min_percent} % | {grace} |" in document()
    buckets = ", ".join(f"{b.name} from {b.from_dpd}" for b in strategy.buckets.buckets)
    assert buckets in " ".join(document().split()), buckets


def test_every_refusal_is_told_and_which_of_them_time_does_not_open() -> None:
    told = rows("### What the gate can refuse")
    assert set(told) == {code.value for code in RefusalCode}
    final = {code for code, row in told.items() if row.rstrip(" |").endswith("final")}
    assert final == {code.value for code in FINAL_REFUSALS}


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("## Why a case waits", WaitReason),
        ("## How a case ends", Closing),
        ("## Holds", HoldReason),
        ("### Outcomes of a task", DISPOSITIONS),
    ],
)
def test_every_code_has_its_row(heading: str, codes: Iterable[str]) -> None:
    assert set(rows(heading)) == set(map(str, codes))


def test_every_outcome_is_told_with_what_it_means_for_the_slot_and_the_step() -> None:
    for code, row in rows("### Outcomes of a task").items():
        disposition, (_, _, _, slot, step, *_) = DISPOSITIONS[code], map(str.strip, row.split("|"))
        assert slot in ("", disposition.attempt.value.replace("_", " ")), code
        assert (step == "again") is disposition.retry, code


def test_every_team_is_told_with_the_roles_that_answer_for_it() -> None:
    told = rows("## Tasks")
    assert set(told) == set(ROLES)
    for team, roles in ROLES.items():
        assert all(role in told[team] for role in roles)


def test_every_stop_word_is_told() -> None:
    told = document().split("### Cease requests", 1)[1].split("\n## ", 1)[0]
    for word in (*FIRST, *PREFIX, *ANYWHERE, *ALONE):
        assert f"`{word}`" in told, word


@pytest.mark.parametrize("law", LAWS, ids=law_id)
def test_every_rule_of_the_law_stands_there_with_its_source_and_mark(law: LawPack) -> None:
    for rule in (rule for kind in TOLD for rule in getattr(law, kind)):
        assert f"{rule.source.title} ({rule.source.mark})" in document(), rule.code


@pytest.mark.parametrize("law", LAWS, ids=law_id)
def test_hours_and_caps_stand_there_with_their_numbers(law: LawPack) -> None:
    for rule in law.hours:
        assert f"{rule.opens:%H:%M}–{rule.closes:%H:%M}" in document()
    for cap in law.caps:
        row = next(line for line in document().splitlines() if f"| {law.id} | `{cap.code}` |" in line)
        window = f"{cap.window_days} days" if cap.window_days else "calendar day"
        assert f"| {cap.limit} | {window} |" in row
