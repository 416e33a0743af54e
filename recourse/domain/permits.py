"""Permits for what cannot be taken back: reading where the vehicle is, its recovery, the legal handover.

A permit is issued by the gate, asked for again at the moment of use, and recalled when the gate has come to
say no. Who holds one outside the house has to acknowledge the recall. Pure: what becomes of a permit follows
from its row, the gate's answer, the plan and the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from recourse.domain.law.verdict import RefusalCode, Refused, Verdict


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
