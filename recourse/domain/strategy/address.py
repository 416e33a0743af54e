"""Whom a step addresses, and where: what it would do, as the gate is asked about it."""

from __future__ import annotations

from recourse.domain.law.hours import local_date
from recourse.domain.law.reach import POINT_KINDS
from recourse.domain.law.verdict import (
    AccelerationEffect,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    RecoveryEffect,
)
from recourse.domain.situation import Channel, ContactPoint, Notice, Party, Situation, StepOutcome
from recourse.domain.strategy.course import first_day
from recourse.domain.strategy.ladder import ACCELERATION_REVIEW, Step, StepKind, Strategy
from recourse.domain.strategy.progress import Progress


def target(step: Step, s: Situation) -> Party | None:
    """The person a step addresses."""
    if step.errand is not None and step.errand.person is not None:
        return s.party(step.errand.person)
    return next((p for p in s.parties if p.role is step.party), None)


def choose_point(party: Party | None, channel: Channel) -> ContactPoint | None:
    """The first usable point of the right kind, one with consent before one without. One where the person
    asked us to stop comes after them, one that he named as inconvenient last; the gate refuses both."""
    if party is None:
        return None
    fitting = [p for p in party.contact_points if p.kind in POINT_KINDS[channel] and p.usable]
    bars = party.restrictions.bars

    def order(p: ContactPoint) -> tuple[bool, bool, bool, str]:
        ceased = channel in party.ceased and channel not in p.proved
        return bars(p.id, p.whereabouts), ceased, channel not in p.consent, p.id

    return min(fitting, key=order, default=None)


def required(step: Step, done: Progress) -> tuple[str, ...]:
    """The steps that must stand behind this one; a fallback that was done stands for its original."""
    return tuple(done.standing_for(step_id) for step_id in step.requires)


def notices_given(s: Situation, done: Progress) -> tuple[Notice, ...]:
    """Those of earlier defaults, and every written step that was done. It was given on its day of the ladder
    at the earliest, also where a payment has since moved the day from which the default is counted. A letter
    that a legal action asked for counts as the move that it becomes."""
    oldest = s.account.arrears.oldest_due
    found = list(s.earlier_notices)
    for step in done.strategy.steps:
        state = done.state(step.id)
        if step.errand is not None:
            continue
        if step.template is not None and state.outcome is StepOutcome.DONE and state.at is not None:
            dpd = first_day(done.strategy, step)
            if oldest is not None:
                dpd = max(dpd, (local_date(state.at, s.lender_zone) - oldest).days)
            by_post = step.channel is Channel.LETTER
            found.append(Notice(step.template, state.at, dpd, by_post=by_post))
    return tuple(found)


def contact_effect(step: Step, channel: Channel, s: Situation) -> ContactEffect | None:
    """None where there is nobody to address, or nowhere to reach him by this channel."""
    party = target(step, s)
    point = choose_point(party, channel)
    if party is None or point is None:
        return None
    return ContactEffect(channel, party.person_id, point.id)


def effect_of(step: Step, s: Situation, done: Progress) -> Effect | None:
    """None for desk work that begins nothing, and where nobody can be addressed, or nowhere."""
    match step.kind:
        case StepKind.LOCATE:
            return LocateEffect(step.purpose or "", required(step, done))
        case StepKind.HANDOVER:
            behind = required(step, done)
            return HandoverEffect(step.proposal or "", step.approval or "", behind, notices_given(s, done))
        case StepKind.REMIND | StepKind.TASK:
            if step.task == ACCELERATION_REVIEW:
                return AccelerationEffect(required(step, done), notices_given(s, done))
            return contact_effect(step, step.channel, s) if step.channel is not None else None


def recovery_effect(
    strategy: Strategy, s: Situation, done: Progress, proposed_by: str, approved_by: str
) -> RecoveryEffect | None:
    """What the ladder asks for before a file goes to the lawyer is asked for before the vehicle is taken: the
    same notices, and the same days after them. None where the ladder has no notice to build upon."""
    handover = next((step for step in strategy.steps if step.kind is StepKind.HANDOVER), None)
    if handover is None:
        return None
    notices = [s for s in handover.requires if strategy.step(s).kind is StepKind.REMIND]
    waits = [s.wait_days for s in strategy.steps if set(s.requires) & set(notices)]
    if not notices:
        return None
    stood_for = tuple(done.standing_for(step_id) for step_id in notices)
    given = notices_given(s, done)
    return RecoveryEffect(stood_for, max(waits, default=0), proposed_by, approved_by, given)
