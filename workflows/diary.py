"""What operations read in the Temporal UI: the case's diary as Markdown. Codes and instants, no person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recourse.contracts.messages import PlanData, StepResult, TaskAnswer, TaskReceipt

KEEP = 25
"""Lines kept; the full diary is in PostgreSQL (`recourse cases show`)."""


def line(at: datetime, text: str) -> str:
    return f"- `{at:%Y-%m-%d %H:%M}` {text}"


def news_line(at: datetime, kinds: Sequence[str]) -> str:
    """What the case heard of: payment, overdue, hold_placed, ..."""
    return line(at, f"heard: {', '.join(kind.replace('_', ' ') for kind in kinds)}")


def step_line(at: datetime, plan: PlanData, result: StepResult) -> str:
    code = f" ({result.code})" if result.code else ""
    return line(at, f"day {plan.dpd}: **{plan.step_id}** → {result.outcome}{code}")


def answer_line(at: datetime, answer: TaskAnswer, receipt: TaskReceipt) -> str:
    result = answer.outcome or "claimed"
    return line(at, f"task {answer.action} by {answer.actor}: {result if receipt.accepted else receipt.code}")


def details(plan: PlanData, diary: list[str]) -> str:
    """The live text of the run."""
    due = f"{plan.due_at:%Y-%m-%d %H:%M} UTC" if plan.due_at else "the next fact"
    next_step = plan.step_id or plan.reason
    head = f"**{plan.stage}** · {plan.bucket} · day {plan.dpd} · {plan.strategy}\n\n"
    head += f"Next: **{next_step}** ({plan.reason}) at {due}\n\n" if plan.kind != "close" else "Closed.\n\n"
    return head + "\n".join(reversed(diary[-KEEP:]))
