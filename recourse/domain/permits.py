"""Permits for what cannot be taken back: reading where the vehicle is, its recovery, the legal handover.

A permit is issued by the gate, asked for again at the moment of use, and recalled when the gate has come to
say no. Who holds one outside the house has to acknowledge the recall. Pure: what becomes of a permit follows
from its row, the gate's answer, the plan and the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from recourse.domain.decision import DoStep, Plan
from recourse.domain.law.gate import Packs, gate
from recourse.domain.law.holds import HOUSE
from recourse.domain.law.verdict import Effect, HandoverEffect, RefusalCode, Refused, Verdict
from recourse.domain.situation import Situation


class PermitKind(StrEnum):
    LOCATE = "locate"
    RECOVERY = "recovery"
    LEGAL = "legal"


class PermitState(StrEnum):
    ISSUED = "issued"
    USED = "used"
    """Somebody outside was called under it, or told that he may act."""
    EXPIRED = "expired"
    RECALLED = "recalled"
    """Nothing may begin under it. While its `ended_at` is empty, the other side has not acknowledged it."""
    RECALL_ACKNOWLEDGED = "recall_acknowledged"
    RECALL_FAILED = "recall_failed"
    """The other side says that it is too late, or refuses: a matter for people."""


LASTS = {
    PermitKind.LOCATE: timedelta(days=1),
    PermitKind.LEGAL: timedelta(days=1),
    PermitKind.RECOVERY: timedelta(days=14),
}
"""Business time from issue. Where the system itself makes the call it follows at once; a day is for a worker
that died in between."""
GOOD_FOR = timedelta(minutes=15)
"""How long the answer to a check before the hook-up may be relied upon."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A permit that has not ended. step_id: the ladder's step it was issued for; None for a recovery."""

    kind: PermitKind
    state: PermitState
    expires_at: datetime
    step_id: str | None = None

    @property
    def outside(self) -> bool:
        """Somebody outside the house has it, or may have: the call was begun, or an agency was assigned."""
        return self.kind is PermitKind.RECOVERY or self.state is PermitState.USED


@dataclass(frozen=True, slots=True)
class Recall:
    """code: why, in one word; a refusal of the gate, or `plan_changed`."""

    code: str


class Ending(StrEnum):
    EXPIRED = "expired"
    CONCLUDED = "concluded"
    """The desk has brought it to its end: there is nothing left to recall."""


PLAN_CHANGED = "plan_changed"
OF_OUR_RULES = frozenset(
    {
        RefusalCode.NO_LAW_PACK,
        RefusalCode.STEP_MISSING,
        RefusalCode.NOT_APPROVED,
        RefusalCode.APPROVER_IS_REQUESTER,
        RefusalCode.NOTICE_MISSING,
        RefusalCode.NOTICE_RUNNING,
    }
)
"""What only rules of ours can change about a file that was allowed: a release that forgot a law pack, a pack
that wants one notice more, or a move to a ladder with other steps must not withdraw every file."""


def verdict_on(kind: PermitKind, effect: Effect | None, s: Situation, packs: Packs, now: datetime) -> Verdict:
    """The gate's answer of now for what the permit is for. effect: None where the ladder it was issued for
    has no such step, or no notice, any more."""
    if effect is not None:
        return gate(effect, s, packs, now)
    if kind is PermitKind.LEGAL:
        # What has become of the debt and the person still counts.
        verdict = gate(HandoverEffect("", ""), s, packs, now)
        if isinstance(verdict, Refused) and verdict.code not in OF_OUR_RULES:
            return verdict
    return Refused(RefusalCode.STEP_MISSING, HOUSE)


def fate(
    permit: Standing, verdict: Verdict, planned: str | None, *, concluded: bool, now: datetime
) -> Recall | Ending | None:
    """What becomes of a permit now; None for nothing.

    verdict: the gate's answer for its effect as of `now`. planned: the step that the ladder does next.
    concluded: the legal desk is through with the case.
    """
    if permit.kind is PermitKind.LEGAL and permit.state is PermitState.USED:
        if concluded:
            return Ending.CONCLUDED
    elif permit.expires_at <= now and permit.state in (PermitState.ISSUED, PermitState.USED):
        return Ending.EXPIRED
    if permit.state is PermitState.ISSUED and permit.step_id is not None and permit.step_id != planned:
        return Recall(verdict.code.value if isinstance(verdict, Refused) else PLAN_CHANGED)
    if isinstance(verdict, Refused) and _recalls(permit, verdict):
        return Recall(verdict.code.value)
    return None


def _recalls(permit: Standing, refused: Refused) -> bool:
    """A position that was asked for cannot be unread; a file at the desk is withdrawn for what has become of
    the debt or the person alone. Nobody may be sent on, or be told that he may act, against any no."""
    if permit.state is PermitState.USED and permit.kind is PermitKind.LOCATE:
        return False
    at_the_desk = permit.state is PermitState.USED and permit.kind is PermitKind.LEGAL
    return not (at_the_desk and refused.code in OF_OUR_RULES)


class Asker(StrEnum):
    """Who wants to know whether a permit holds."""

    SYSTEM = "system"
    """Right before its own call: the step must be due as well."""
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Asked:
    """A permit as it stood when somebody asked whether it holds. step_id: what the system is about to do.
    recall_code: why it was recalled before; None where it was not. ended: nothing may happen under it."""

    standing: Standing
    asker: Asker
    step_id: str | None = None
    recall_code: str | None = None
    ended: bool = False


Answer = Literal["valid", "refused", "recalled", "expired"]


@dataclass(frozen=True, slots=True)
class Told:
    """refused is said to the system, recalled and expired to an agency. code: why; empty for a yes."""

    answer: Answer
    code: str = ""


PERMIT_RECALLED, PERMIT_EXPIRED = "permit_recalled", "permit_expired"


def told(asked: Asked, verdict: Verdict, plan: Plan, *, concluded: bool, now: datetime) -> Told:
    """What the asker is told. verdict: as `verdict_on` gives it. plan: what the ladder does next."""
    planned = plan.step_id if isinstance(plan, DoStep) else None
    in_force = asked.recall_code is None and not asked.ended
    becomes = fate(asked.standing, verdict, planned, concluded=concluded, now=now) if in_force else None
    if asked.asker is Asker.SYSTEM:
        return _told_to_us(asked, verdict, plan, becomes, now)
    if asked.recall_code is not None:
        return Told("recalled", asked.recall_code)
    if isinstance(becomes, Recall):
        return Told("recalled", becomes.code)
    return Told("valid") if in_force and becomes is None else Told("expired")


def _told_to_us(
    asked: Asked, verdict: Verdict, plan: Plan, becomes: Recall | Ending | None, now: datetime
) -> Told:
    standing = asked.standing
    wanted = isinstance(plan, DoStep) and plan.step_id == asked.step_id and plan.due_at <= now
    due = wanted and asked.step_id == standing.step_id
    if asked.recall_code is not None or (not due and isinstance(becomes, Recall)):
        return Told("refused", PERMIT_RECALLED)
    if not due:
        return Told("refused", PLAN_CHANGED)
    if asked.ended:
        return Told("refused", PERMIT_EXPIRED)
    if isinstance(verdict, Refused):
        return Told("refused", verdict.code.value)
    if standing.state is PermitState.ISSUED and standing.expires_at <= now:
        return Told("refused", PERMIT_EXPIRED)
    return Told("valid")
