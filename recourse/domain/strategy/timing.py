"""When a step is due: from the debt's own dates, within lawful hours, spread by a stable hash.

Never from when a timer fired: a late worker must not shift the whole ladder (Kill Bill #535, #2297).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from recourse.domain.law import hours
from recourse.domain.law.gate import Packs
from recourse.domain.law.holds import stopped
from recourse.domain.law.openings import openings
from recourse.domain.law.verdict import action_by_channel
from recourse.domain.situation import Action, Case, Party, Situation, Stage
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.domain.strategy.progress import Progress

OFFICE_OPENS = timedelta(hours=9)
"""House rule where no pack has one: tasks for people appear at nine in the lender's zone, not at midnight."""
_BY_PEOPLE = frozenset({StepKind.TASK, StepKind.HANDOVER})
_LONGEST_REST = 30
"""Days: no office rests longer, and a rule that says so must not stop the ladder."""
EARLIEST = datetime.min.replace(tzinfo=UTC)


def spread(case: Case, step_id: str) -> float:
    """A stable fraction in [0, 1) of loan, episode and step, so that a storm of reminders spreads out."""
    digest = hashlib.sha256(f"{case.loan_id}/{case.episode}/{step_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def earliest(step: Step, situation: Situation, progress: Progress, packs: Packs) -> datetime:
    """First instant at which the ladder itself wants the step (before the hours of contacts, and holds)."""
    oldest = situation.account.arrears.oldest_due
    if oldest is None:
        raise ValueError("arrears: the ladder is asked only while something is unpaid")
    day = hours.start_of_day(oldest + timedelta(days=step.day), situation.lender_zone)
    bounds = [day if step.kind is StepKind.REMIND else _opens(day, packs, situation.lender_zone)]
    wait = timedelta(days=step.wait_days)
    bounds += [at + wait for at in map(progress.done_at, step.requires) if at is not None]
    state = progress.state(step.id)
    if state.opens_at is not None:
        bounds.append(state.opens_at)
    if state.tries and state.at is not None:
        bounds.append(state.at + timedelta(days=step.every_days))
    return max(bounds)


def on_a_working_day(step: Step, instant: datetime, packs: Packs, zone: str) -> datetime:
    """The instant itself, or when the office opens after the days that rest; for what people do."""
    if step.kind not in _BY_PEOPLE:
        return instant
    day = hours.local_date(instant, zone)
    for ahead in range(_LONGEST_REST):
        working = day + timedelta(days=ahead)
        if not any(rule.rests_on(working) for pack in packs for rule in pack.office_days):
            start = hours.start_of_day(working, zone)
            return instant if ahead == 0 else _opens(start, packs, zone)
    return instant


def _opens(day: datetime, packs: Packs, zone: str) -> datetime:
    """When the office opens on the local day that begins then; the latest where several rules say."""
    at = max((rule.opens for pack in packs for rule in pack.office_days), default=None)
    if at is None:
        return day + OFFICE_OPENS
    return hours.readings(hours.local_date(day, zone), at, zone)[0]


def due(step: Step, party: Party | None, not_before: datetime, s: Situation, packs: Packs) -> datetime | None:
    """A lawful instant at or after `not_before`, the same each time it is asked while nothing changes.

    Returns None when the law leaves no common hour for the places where the person may be.
    """
    if step.kind is not StepKind.REMIND or party is None or step.channel is None:
        return on_a_working_day(step, not_before, packs, s.lender_zone)
    window = openings(packs, step.channel, party).window(max(not_before, s.case.opened_at))
    if window is None:
        return None
    opens, closes = window
    return opens + (closes - opens) * spread(s.case, step.id)


def due_late(step: Step, party: Party | None, now: datetime, s: Situation, packs: Packs) -> datetime | None:
    """For a step whose time has passed: now where that is lawful, else the next opening."""
    if step.kind is not StepKind.REMIND or party is None or step.channel is None:
        return on_a_working_day(step, now, packs, s.lender_zone)
    window = openings(packs, step.channel, party).window(now)
    return window[0] if window else None


def hold_until(step: Step, situation: Situation, packs: Packs, now: datetime) -> tuple[bool, datetime | None]:
    """(whether a hold stops the step now, when the last of them ends or None for until lifted)."""
    also = step.errand.stops if step.errand is not None else None
    actions = {action for action in (step_action(step), also) if action is not None}
    found = [stopped(situation.holds, packs, action, now) for action in actions]
    ends = [until for held, until in found if held]
    known = [until for until in ends if until is not None]
    return bool(ends), max(known, default=None) if len(known) == len(ends) else None


def step_action(step: Step) -> Action | None:
    """What a hold would call this step; None for desk work that touches nobody outside."""
    match step.kind:
        case StepKind.LOCATE:
            return Action.LOCATE
        case StepKind.HANDOVER:
            return Action.LEGAL
        case StepKind.REMIND | StepKind.TASK:
            if step.channel is not None:
                return action_by_channel(step.channel)
            return Action.LEGAL if step.stage is Stage.LEGAL or step.begins is not None else None
