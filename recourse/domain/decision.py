"""What `decide` answers: the one next step and its time, and what follows from the facts at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recourse.domain.ids import TaskId
from recourse.domain.keeping import AgreementVerdict
from recourse.domain.situation import PromiseState, Stage


class Closing(StrEnum):
    CURED = "cured"
    PAID_OFF = "paid_off"
    SETTLED = "settled"
    SOLD = "sold"
    CANCELLED = "cancelled"
    LEGAL_CONCLUDED = "legal_concluded"


class WaitReason(StrEnum):
    """Why the case waits although the ladder may have steps left."""

    MASTER_DATA_MISSING = "master_data_missing"
    ARREARS_UNCERTAIN = "arrears_uncertain"
    NOTHING_OVERDUE = "nothing_overdue"
    NO_LAW_PACK = "no_law_pack"
    HOLD = "hold"
    PROMISE = "promise"
    AGREEMENT = "agreement"
    LIMITATION = "limitation"
    LEGAL_DEADLINE = "legal_deadline"
    DISPUTE = "dispute"
    TASK = "task"
    LADDER_DONE = "ladder_done"


@dataclass(frozen=True, slots=True)
class DoStep:
    """Perform this ladder step at `due_at` (business UTC)."""

    step_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at `until`, or on the next fact when it is None."""

    reason: WaitReason
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Close:
    reason: Closing


Plan = DoStep | Wait | Close


@dataclass(frozen=True, slots=True)
class PromiseVerdict:
    promise_id: str
    state: PromiseState


@dataclass(frozen=True, slots=True)
class Alarm:
    """A task that no rung of the ladder asks for. step_id: names it in the case's records, so that it is
    opened once. at: from when on there is the task. due_at: by when it is to be done; None where the day it
    appears is what counts."""

    step_id: str
    task: str
    team: str
    at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """plan: the one next thing. stage, dpd and bucket as of now. skipped: steps passed over, with why. moved:
    steps to come that a trigger brought forward or put off, with which and to when. alarms: tasks to be
    opened now."""

    plan: Plan
    stage: Stage
    dpd: int
    bucket: str
    promises: tuple[PromiseVerdict, ...] = ()
    expired_tasks: tuple[TaskId, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    agreements: tuple[AgreementVerdict, ...] = ()
    alarms: tuple[Alarm, ...] = ()
