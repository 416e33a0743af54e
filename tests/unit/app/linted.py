"""A ladder without a fault, of which each test of the linter changes one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from recourse.app.linting import house
from recourse.domain.law.rules import LawPack
from recourse.domain.situation import Channel, Stage
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.domain.strategy.lint import Code, Finding, lint
from recourse.packs.loader import load_packs
from tests.unit.domain.builders import US, ladder, remind

ON = date(2026, 11, 27)
BOOK = load_packs()
MA = BOOK.laws["US-MA"]
Fault = Callable[[Any], Any]

FIRST = remind("first", 2, Channel.EMAIL, until=9)
CALL = Step(
    "call", StepKind.TASK, Stage.AGENT, 5, channel=Channel.CALL, task="call", team="agents", expires_days=3
)
NOTICE = Step(
    "notice", StepKind.REMIND, Stage.AGENT, 20, channel=Channel.EMAIL, template="cure_notice"
)  # fmt: skip
BY_SMS = replace(NOTICE, id="notice_sms", channel=Channel.SMS, fallback_for="notice")
PROPOSE = Step(
    "propose", StepKind.TASK, Stage.LEGAL, 50, task="propose_legal", team="legal",
    requires=("notice",), wait_days=21, positive=("propose",),
)  # fmt: skip
APPROVE = Step(
    "approve", StepKind.TASK, Stage.LEGAL, 50, task="approve_legal", team="lead",
    requires=("propose",), positive=("approve",),
)  # fmt: skip
HANDOVER = Step(
    "handover", StepKind.HANDOVER, Stage.LEGAL, 50,
    requires=("approve",), proposal="propose", approval="approve",
)  # fmt: skip
SOUND = (FIRST, CALL, NOTICE, BY_SMS, PROPOSE, APPROVE, HANDOVER)


def found(*steps: Step, law: tuple[LawPack, ...] = (US,), **course: Any) -> tuple[Finding, ...]:
    return lint(ladder(*steps, **course), [("somewhere", law)], house())


def changed(step_id: str, **values: Any) -> tuple[Step, ...]:
    """The sound ladder with one step changed."""
    return tuple(replace(step, **values) if step.id == step_id else step for step in SOUND)


def only(findings: tuple[Finding, ...], code: Code, step: str) -> Finding:
    assert [(f.code, f.step) for f in findings] == [(code, step)]
    assert findings[0].what
    assert findings[0].remedy
    return findings[0]
