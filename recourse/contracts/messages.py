"""What workflow, activities and callers say to each other: ids, codes and instants, never personal data.

Additive only: running cases and recorded histories were written with older versions of these classes, so a
new field needs a default and none may be removed or renamed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from recourse.contracts.patience import PATIENCE
from recourse.domain.calendar import BusinessCalendar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CalendarData:
    """A `BusinessCalendar` on the wire."""

    real_anchor: datetime = _EPOCH
    business_anchor: datetime = _EPOCH
    scale: int = 1

    def calendar(self) -> BusinessCalendar:
        return BusinessCalendar(self.real_anchor, self.business_anchor, self.scale)

    @staticmethod
    def of(calendar: BusinessCalendar) -> CalendarData:
        return CalendarData(calendar.real_anchor, calendar.business_anchor, calendar.scale)


PlanKind = Literal["remind", "task", "locate", "handover", "wait", "close"]


@dataclass(frozen=True)
class PlanData:
    """The one next step of a case.

    number: the decision's number in its case; the highest wins, whoever asked. due_at: business UTC; None
    means until the next fact.
    """

    number: int
    kind: PlanKind
    facts_seen: int
    due_at: datetime | None = None
    step_id: str | None = None
    reason: str = ""
    stage: str = "reminder"
    bucket: str = ""
    team: str = ""
    strategy: str = ""
    dpd: int = 0


@dataclass(frozen=True)
class Nudge:
    """Facts are waiting for this case. Numbers and kinds only; the facts themselves are in PostgreSQL.

    highest_fact: the highest fact id the sender knows of; a case that has decided on it already ignores it.
    plan: what was decided on these facts in the transaction that took them; None lets the case ask.
    """

    case_id: str
    highest_fact: int
    kinds: tuple[str, ...] = ()
    region: str = ""
    plan: PlanData | None = None


@dataclass(frozen=True)
class CaseStart:
    """Input of the case workflow; also what continue-as-new hands over.

    patience_seconds: how long a provider is tried before a step is given up.
    """

    case_id: str
    calendar: CalendarData = field(default_factory=CalendarData)
    queue_prefix: str = "recourse"
    plan: PlanData | None = None
    highest_fact: int = 0
    diary: tuple[str, ...] = ()
    patience_seconds: float = PATIENCE.total_seconds()


@dataclass(frozen=True)
class CaseEnd:
    case_id: str
    reason: str


@dataclass(frozen=True)
class DecideCommand:
    case_id: str


@dataclass(frozen=True)
class StepCommand:
    """Perform the planned step. decision: the number of the plan it belongs to, the key of its rows."""

    case_id: str
    step_id: str
    decision: int


@dataclass(frozen=True)
class StepResult:
    """What came of a step, and the next plan. outcome: a `StepOutcome` value. code: why, in one word."""

    outcome: str
    plan: PlanData
    code: str = ""


TaskAction = Literal["claim", "complete"]


@dataclass(frozen=True)
class TaskAnswer:
    """A person's answer to a task, sent as a workflow update.

    actor: opaque id of the person. outcome: a disposition code. promise_minor, promise_on: with a promise.
    request_id: the same answer repeated carries the same id.
    """

    task_id: str
    action: TaskAction
    actor: str
    request_id: str
    roles: tuple[str, ...] = ()
    outcome: str = ""
    promise_minor: int | None = None
    promise_on: str | None = None


@dataclass(frozen=True)
class TaskReceipt:
    """accepted, or refused with a code, its source and when it opens again; and what happens next.

    begin_by: of a call or a visit that was claimed, until when it has to begin; later it is claimed again.
    """

    task_id: str
    accepted: bool
    code: str = ""
    source: str = ""
    opens_at: datetime | None = None
    next_step: str = ""
    next_at: datetime | None = None
    begin_by: datetime | None = None


@dataclass(frozen=True)
class AnswerResult:
    receipt: TaskReceipt
    plan: PlanData | None = None


ANSWER_TIMEOUT = timedelta(seconds=20)


@dataclass(frozen=True)
class SweepReport:
    """How many of each a sweep found and mended."""

    delivered: int = 0
    resumed: int = 0
    reconciled: int = 0
    recalled: int = 0
    holds: int = 0
    positions: int = 0
    disputes: int = 0
