"""Tasks that no rung of the ladder asks for: a claim about to run out, a deadline of the legal action, a
dispute that waits for its answer, a settlement the bank did not book.

The decision of the case opens each of them once, and its plan wakes up on the day: nobody else has to
remember it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from recourse.domain.agreements import AgreementKind, AgreementState
from recourse.domain.decision import Alarm, Close, DoStep, Plan, Wait, WaitReason
from recourse.domain.disputes import (
    ACKNOWLEDGE_DISPUTE,
    ACKNOWLEDGEMENT_OVERDUE,
    ANSWER_DISPUTE,
    ANSWERED_BY_PAPER,
    DISPUTE_OVERDUE,
)
from recourse.domain.keeping import Judgement, booking_deadline
from recourse.domain.law.limitation import clocks, warning_at
from recourse.domain.law.rules import LawPack
from recourse.domain.legal.procedure import Whose
from recourse.domain.pending import DisputeDue, LegalDue
from recourse.domain.situation import OpenTask, Situation
from recourse.domain.strategy.ladder import Strategy

LIMITATION_WARNING = "limitation_warning"
CHASE_BOOKING = "chase_booking"
LEGAL_DEADLINE = "legal_deadline"
"""One of ours runs out: the move is to be made."""
LEGAL_MISSED = "legal_deadline_missed"
CALL_OFF_SALE = "call_off_sale"
"""A sale is planned, and what has come since stops it: whoever holds it outside is to be told."""
LEGAL_OVER = "legal_deadline_over"
"""The days of the court or of the debtor are over: it is our turn."""


def alarms(
    s: Situation, strategy: Strategy, packs: tuple[LawPack, ...], judgement: Judgement | None
) -> Iterator[Alarm]:
    """All there are, whether due or not, opened or not. s: after the decision's own consequences."""
    for clock in clocks(s, packs):
        at = warning_at(clock, s.lender_zone)
        if at is not None:
            # By the end of the years: when they begin anew, there is another warning before the new end.
            name = f"{LIMITATION_WARNING}-{clock.rule}-{clock.ends_on.isoformat()}"
            yield Alarm(name, LIMITATION_WARNING, "legal", at)
    for due in s.legal_due:
        yield from _of_legal_action(due)
    for waiting in s.disputes_due:
        yield from _of_dispute(waiting)
    for a in s.agreements:
        standing = judgement.standings.get(a.id) if judgement else None
        paid = a.kind is AgreementKind.SETTLEMENT and a.state is AgreementState.KEPT
        if paid and standing is not None and standing.at is not None:
            at = booking_deadline(standing.at, strategy.agreement, s.lender_zone)
            yield Alarm(f"{CHASE_BOOKING}-{a.id}", CHASE_BOOKING, "lead", at)


def legal_alarm(task: str, deadline: str) -> str:
    """The name of a deadline's task in the case's records."""
    return f"{task}-{deadline}"


def _of_legal_action(due: LegalDue) -> Iterator[Alarm]:
    if due.whose == Whose.OURS:
        yield Alarm(legal_alarm(LEGAL_DEADLINE, due.id), LEGAL_DEADLINE, "legal", due.warn_at)
    over = LEGAL_MISSED if due.whose == Whose.OURS else LEGAL_OVER
    yield Alarm(legal_alarm(over, due.id), over, "legal", due.ends_at)


def dispute_alarm(task: str, dispute: str) -> str:
    """The name of a dispute's task in the case's records."""
    return f"{task}-{dispute}"


def waited_tasks(s: Situation) -> tuple[OpenTask, ...]:
    """Without those of disputes, for which no rung of the ladder waits: what the law suspends meanwhile is
    said by their holds."""
    beside = {dispute_alarm(task, due.id) for due in s.disputes_due for task in ANSWERED_BY_PAPER}
    return tuple(task for task in s.tasks if task.step_id not in beside)


def _of_dispute(due: DisputeDue) -> Iterator[Alarm]:
    for task, team, at, until in tasks_of_dispute(due):
        yield Alarm(dispute_alarm(task, due.id), task, team, at, until)


def tasks_of_dispute(due: DisputeDue) -> Iterator[tuple[str, str, datetime, datetime]]:
    """(kind, team, from when it is to be there, by when it is to be done), those to come too."""
    if due.told_until is not None:
        yield ACKNOWLEDGE_DISPUTE, "legal", due.opened_at, due.told_until
        yield ACKNOWLEDGEMENT_OVERDUE, "lead", due.told_until, due.told_until
    yield ANSWER_DISPUTE, "legal", due.opened_at, due.ends_at
    yield DISPUTE_OVERDUE, "lead", due.ends_at, due.ends_at


_WAITS: Mapping[str, WaitReason] = {
    LIMITATION_WARNING: WaitReason.LIMITATION,
    CHASE_BOOKING: WaitReason.AGREEMENT,
    **dict.fromkeys((LEGAL_DEADLINE, LEGAL_MISSED, LEGAL_OVER), WaitReason.LEGAL_DEADLINE),
    **dict.fromkeys(ANSWERED_BY_PAPER, WaitReason.DISPUTE),
}
"""What a case waits for until an alarm."""


def opened(alarm: Alarm, s: Situation) -> bool:
    """Whether its task is open, or was."""
    named = {task.step_id for task in s.tasks} | {record.step_id for record in s.steps}
    return alarm.step_id in named


def look_again(plan: Plan, known: Iterable[Alarm], now: datetime) -> Plan:
    """The plan, looked at again no later than the next alarm."""
    first = min((alarm for alarm in known if alarm.at > now), key=lambda one: one.at, default=None)
    if first is None:
        return plan
    at = first.at
    match plan:
        case Wait(until=until):
            return plan if until is not None and until <= at else replace(plan, until=at)
        case DoStep(due_at=due_at):
            return plan if due_at <= at else Wait(_WAITS[first.task], at)
        case Close():
            return plan
