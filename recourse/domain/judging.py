"""What facts make of promises and agreements, and what a case waits for while they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from recourse.domain import keeping
from recourse.domain.decision import Closing, PromiseVerdict, Wait, WaitReason
from recourse.domain.keeping import AgreementVerdict, Judgement, promise_deadline
from recourse.domain.situation import PromiseState, Situation
from recourse.domain.strategy.ladder import PromiseRule, Strategy

FULFILLED = frozenset({Closing.CURED, Closing.PAID_OFF, Closing.SETTLED})
"""Ends after which nothing is owed any more."""


def judge_promises(
    s: Situation, rule: PromiseRule, now: datetime, shared: Mapping[str, int] | None, over: Closing | None
) -> Iterator[PromiseVerdict]:
    """shared: what came in on each, where agreements run beside them and money must not count twice.

    over: why the case ends. A promise that is not late yet is kept by what paid the debt before.
    """
    for promise in s.promises:
        if promise.state is not PromiseState.OPEN:
            continue
        deadline = promise_deadline(promise, rule, s.lender_zone)
        paid = sum(
            p.amount_minor
            for p in s.account.payments
            if not p.reversed and promise.made_at <= p.occurred_at < deadline
        )
        if shared is not None:
            paid = shared[promise.id]
        if paid * 100 >= promise.amount_minor * rule.min_percent:
            yield PromiseVerdict(promise.id, PromiseState.KEPT)
        elif now >= deadline:
            yield PromiseVerdict(promise.id, PromiseState.BROKEN)
        elif over in FULFILLED:
            yield PromiseVerdict(promise.id, PromiseState.KEPT)


def judge_agreements(
    s: Situation, judgement: Judgement | None, over: Closing | None
) -> Iterator[AgreementVerdict]:
    """over: why the case ends, where it does."""
    if over is not None:
        yield from keeping.at_the_end(s, over.value, fulfilled=over in FULFILLED)
    elif judgement is not None:
        yield from keeping.verdicts(s, judgement)


def waited_for(s: Situation, strategy: Strategy, now: datetime) -> Wait | None:
    """What was promised or agreed on stops the ladder; of several, what is due first is named."""
    zone = s.lender_zone
    waits = [
        Wait(WaitReason.PROMISE, promise_deadline(p, strategy.promise, zone))
        for p in s.promises
        if p.state is PromiseState.OPEN
    ]
    waits += [
        Wait(WaitReason.AGREEMENT, keeping.look_again_at(a, strategy.agreement, zone, now))
        for a in s.agreements
        if keeping.binds(a)
    ]
    timed = [(wait.until, wait) for wait in waits if wait.until is not None]
    return min(timed, key=lambda pair: pair[0])[1] if timed else next(iter(waits), None)
