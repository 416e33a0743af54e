"""The gate: may this effect happen now? Asked inside the transaction that claims it, at every try.

The order of the questions is the order of an honest answer: first whether there is a debt at all, then
whether anything protects the person, then who, how and when. The first question with a no decides; where
several rules answer it, the one that stays shut longest is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import assert_never

from recourse.domain.keeping import binds
from recourse.domain.law import hours
from recourse.domain.law.contacting import contact_questions
from recourse.domain.law.holds import HOUSE, binding_rules
from recourse.domain.law.inquiry import Inquiry, Packs, Question, house
from recourse.domain.law.moving import (
    acceleration_questions,
    handover_questions,
    locate_questions,
    read_questions,
    recovery_questions,
    sale_questions,
)
from recourse.domain.law.verdict import (
    AccelerationEffect,
    Allowed,
    Check,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    ReadPositionEffect,
    RecoveryEffect,
    RefusalCode,
    Refused,
    SaleEffect,
    Verdict,
    action_of,
)
from recourse.domain.situation import Hold, HoldReason, Situation

__all__ = ["Packs", "examine", "gate"]
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def gate(effect: Effect, situation: Situation, packs: Packs, now: datetime) -> Verdict:
    """Allowed, or the first refusal with its code, its source and when it opens again."""
    asked: list[str] = []
    for question in _questions(effect, Inquiry(situation, packs, now)):
        refusals = [check.refusal for check in question.checks if check.refusal is not None]
        if refusals:
            return max(refusals, key=lambda refused: refused.opens_at or _FOR_EVER)
        asked.append(question.name)
    return Allowed(tuple(asked))


def examine(effect: Effect, situation: Situation, packs: Packs, now: datetime) -> tuple[Check, ...]:
    """Every rule that can be asked, also behind the first no, so that it can be shown what each says."""
    return tuple(
        check for question in _questions(effect, Inquiry(situation, packs, now)) for check in question.checks
    )


def _questions(effect: Effect, q: Inquiry) -> Iterator[Question]:
    """Lazy on purpose: a later question may rely on an earlier one having been answered with yes."""
    yield house("debt", _debt(q))
    yield house("law", None if q.packs else Refused(RefusalCode.NO_LAW_PACK, HOUSE))
    yield _holds(effect, q)
    if any(binds(agreement) for agreement in q.situation.agreements):
        yield _agreements(effect, q)
    match effect:
        case ContactEffect():
            yield from contact_questions(effect, q)
        case LocateEffect():
            yield from locate_questions(effect, q)
        case ReadPositionEffect():
            yield from read_questions(effect, q)
        case AccelerationEffect():
            yield from acceleration_questions(effect, q)
        case HandoverEffect():
            yield from handover_questions(effect, q)
        case RecoveryEffect():
            yield from recovery_questions(effect, q)
        case SaleEffect():
            yield from sale_questions(effect, q)
        case _:
            assert_never(effect)


def _debt(q: Inquiry) -> Refused | None:
    s = q.situation
    if s.case.closed_reason is not None:
        return Refused(RefusalCode.CASE_CLOSED, HOUSE, detail=s.case.closed_reason)
    if s.account.ended is not None:
        return Refused(RefusalCode.NOTHING_OVERDUE, HOUSE, detail=s.account.ended.value)
    if not s.account.certain:
        return Refused(RefusalCode.ARREARS_UNCERTAIN, HOUSE)
    if not s.account.arrears.overdue(hours.local_date(q.now, s.lender_zone)):
        return Refused(RefusalCode.NOTHING_OVERDUE, HOUSE)
    if s.borrower() is None:
        return Refused(RefusalCode.MASTER_DATA_MISSING, HOUSE)
    return None


def _holds(effect: Effect, q: Inquiry) -> Question:
    checks = [
        Check(
            "holds",
            rule,
            pack,
            source.title,
            Refused(RefusalCode.HOLD, source.title, hold.until, hold.reason.value),
            source.mark,
        )
        for hold, rule, pack, source in binding_rules(q.situation.holds, q.packs, action_of(effect), q.now)
    ]
    return Question("holds", tuple(checks)) if checks else house("holds", None)


def _agreements(effect: Effect, q: Inquiry) -> Question:
    """An agreement in force stops what the packs let a payment plan stop."""
    kinds = {a.id: a.kind.value for a in q.situation.agreements if binds(a)}
    holds = [Hold(key, HoldReason.PAYMENT_PLAN, q.now, None) for key in kinds]
    binding = binding_rules(holds, q.packs, action_of(effect), q.now)
    code = RefusalCode.AGREEMENT_IN_FORCE
    checks = [
        Check(
            "agreement",
            rule,
            pack,
            source.title,
            Refused(code, source.title, detail=kinds[hold.id]),
            source.mark,
        )
        for hold, rule, pack, source in binding
    ]
    return Question("agreement", tuple(checks)) if checks else house("agreement", None)
