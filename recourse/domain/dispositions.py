"""What can come of a task, in the field's usual codes, and what each one means for the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from recourse.domain.disputes import ACKNOWLEDGED_BY_PAPER, ANSWERED_BY_PAPER
from recourse.domain.situation import AttemptOutcome, HoldReason, StepOutcome


@dataclass(frozen=True, slots=True)
class Disposition:
    """attempt: what became of the dialled slot.

    hold, hold_days: the hold it asks for and for how long; None days means until lifted.
    retry: nobody was reached, the ladder may try again. unusable: the point is dead for this person.
    task: the kind of a task for a lead that follows.
    """

    attempt: AttemptOutcome = AttemptOutcome.CONNECTED
    hold: HoldReason | None = None
    hold_days: int | None = None
    retry: bool = False
    unusable: bool = False
    cease: bool = False
    promise: bool = False
    task: str | None = None

    @property
    def tells(self) -> bool:
        """The person said something that counts whatever becomes of the task."""
        return self.hold is not None or self.unusable or self.cease or self.promise


_NOT_CONNECTED = AttemptOutcome.NOT_CONNECTED
DISPOSITIONS: dict[str, Disposition] = {
    "no_answer": Disposition(_NOT_CONNECTED, retry=True),
    "busy": Disposition(_NOT_CONNECTED, retry=True),
    # Somebody answered, but not the person: a dial, and no conversation with the borrower.
    "wrong_number": Disposition(_NOT_CONNECTED, unusable=True, retry=True),
    "third_party": Disposition(_NOT_CONNECTED, retry=True),
    "promise": Disposition(promise=True),
    "refuses": Disposition(),
    "disputes": Disposition(hold=HoldReason.DISPUTE),
    "hardship": Disposition(hold=HoldReason.HARDSHIP, hold_days=30),
    # The person cannot pay at once but wants to: protected until somebody has proposed what he can pay.
    "wants_plan": Disposition(hold=HoldReason.HARDSHIP, hold_days=14, task="propose_agreement"),
    "already_paid": Disposition(hold=HoldReason.OPERATOR, hold_days=5),
    "deceased": Disposition(hold=HoldReason.DEATH),
    "no_contact": Disposition(cease=True),
    "complaint": Disposition(hold=HoldReason.COMPLAINT),
    "callback": Disposition(retry=True),
    "done": Disposition(),
    "located": Disposition(),
    "not_located": Disposition(),
    "propose": Disposition(),
    "approve": Disposition(),
    "reject": Disposition(),
    "accelerate": Disposition(),
    "delivered": Disposition(AttemptOutcome.SENT),
    # Perhaps it left all the same: the slot stays taken.
    "not_delivered": Disposition(AttemptOutcome.UNKNOWN),
    "recalled": Disposition(),
    "not_recalled": Disposition(),
}
_CALL = (
    "no_answer",
    "busy",
    "wrong_number",
    "third_party",
    "promise",
    "refuses",
    "disputes",
    "hardship",
    "wants_plan",
    "already_paid",
    "deceased",
    "no_contact",
    "complaint",
    "callback",
)
_OUTCOMES: dict[str, tuple[str, ...]] = {
    "call": _CALL,
    "hardship_screening": (*_CALL, "done"),
    "visit": (*_CALL, "done"),
    "locate_by_hand": ("located", "not_located"),
    "check_delivery": ("delivered", "not_delivered"),
    "check_recall": ("recalled", "not_recalled"),
    "read_reply": (
        "done",
        "promise",
        "disputes",
        "hardship",
        "wants_plan",
        "already_paid",
        "deceased",
        "no_contact",
        "complaint",
        "wrong_number",
    ),
    "propose_legal": ("propose", "reject"),
    "approve_legal": ("approve", "reject"),
    "acceleration_review": ("accelerate", "reject"),
    "review_case": ("done",),
    "check_legal_status": ("done",),
    "legal_deadline": ("done",),
    "legal_deadline_missed": ("done",),
    "legal_deadline_over": ("done",),
    "call_off_sale": ("done",),
    "give_notice_by_hand": ("done",),
    "plan_anew": ("done",),
}
DONE_ELSEWHERE = ANSWERED_BY_PAPER
"""Kinds that no outcome ends: the acknowledgement of the dispute or its answer does, which takes a paper."""


KINDS = tuple(_OUTCOMES)


def allowed_outcomes(kind: str) -> tuple[str, ...]:
    """Empty for a task that no outcome ends."""
    if kind in DONE_ELSEWHERE:
        return ()
    return _OUTCOMES.get(kind, ("done",))


def step_outcome(outcome: str, positive: tuple[str, ...]) -> StepOutcome:
    """What the answer makes of its step. positive: as `Step.positive`; where the ladder names the answers
    that let it go on, any other one declines."""
    if positive:
        return StepOutcome.DONE if outcome in positive else StepOutcome.DECLINED
    return StepOutcome.RETRY if DISPOSITIONS[outcome].retry else StepOutcome.DONE


class Answer(Protocol):
    """What is looked at of a completion."""

    @property
    def outcome(self) -> str: ...
    @property
    def promise_minor(self) -> int | None: ...
    @property
    def promise_on(self) -> str | None: ...


def problem_with(kind: str, answer: Answer, today: date, max_days_ahead: int) -> str | None:
    """A code for what is wrong with a completion, or None. today: the lender's business date."""
    if kind in DONE_ELSEWHERE:
        return "acknowledge_the_dispute" if kind in ACKNOWLEDGED_BY_PAPER else "answer_the_dispute"
    if answer.outcome not in allowed_outcomes(kind):
        return "outcome_not_allowed"
    if not DISPOSITIONS[answer.outcome].promise:
        return None
    if answer.promise_minor is None or answer.promise_minor <= 0 or answer.promise_on is None:
        return "promise_needs_amount_and_date"
    try:
        on = date.fromisoformat(answer.promise_on)
    except ValueError:
        return "promise_date_invalid"
    if not today - timedelta(days=1) <= on <= today + timedelta(days=max_days_ahead):
        return "promise_date_out_of_range"
    return None
