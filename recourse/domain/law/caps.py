"""Contact caps: exact windows over the person-wide attempt ledger.

An attempt that is claimed or whose outcome is unknown counts as made: two senders may never both believe that
the last slot is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from recourse.domain.ids import ContactPointId, LoanId
from recourse.domain.law.hours import local_date, start_of_day
from recourse.domain.law.rules import Cap, ConversationWait, Counts, Per
from recourse.domain.law.verdict import ContactEffect
from recourse.domain.restrictions import Whereabouts
from recourse.domain.situation import Attempt, AttemptOutcome, Channel, ContactPoint, Party

LEDGER_DAYS = 35
"""How far back attempts are looked at: longer than any window of a pack may be (Massachusetts: 30 days)."""
CALLS = frozenset({Channel.CALL})
"""What a conversation is waited for after."""
_NEVER_MADE = frozenset({AttemptOutcome.NOT_SENT})
_MAYBE_CONNECTED = frozenset({AttemptOutcome.CONNECTED, AttemptOutcome.CLAIMED, AttemptOutcome.UNKNOWN})


def own_points(party: Party) -> frozenset[ContactPointId]:
    """What is known to be the person's home or own mobile. A landline of which nobody said what it is may
    stand anywhere."""
    return frozenset(point.id for point in party.contact_points if _is_own(point))


def _is_own(point: ContactPoint) -> bool:
    mobile = point.kind == "mobile" and point.whereabouts is None
    return mobile or point.whereabouts is Whereabouts.HOME


def _counted(cap: Cap, effect: ContactEffect, loan_id: LoanId, attempt: Attempt) -> bool:
    if attempt.channel not in cap.channels or attempt.outcome in _NEVER_MADE or attempt.inbound:
        return False
    if cap.counts is Counts.CONNECTED and attempt.outcome not in _MAYBE_CONNECTED:
        return False
    match cap.per:
        case Per.PERSON:
            return attempt.person_id == effect.person_id
        case Per.CONTACT_POINT:
            return attempt.contact_point_id == effect.contact_point_id
        case Per.PERSON_AND_DEBT:
            return attempt.person_id == effect.person_id and attempt.loan_id == loan_id


@dataclass(frozen=True, slots=True)
class Ledger:
    """The attempts that count for one person and one debt at one moment.

    zones: every place the person may be. A calendar day is taken in each and the latest answer holds.
    An attempt a moment after `now` counts: its sender read the clock while this one waited for the locks.
    own: contact points that are the person's home or own mobile.
    """

    attempts: tuple[Attempt, ...]
    loan_id: LoanId
    zones: tuple[str, ...]
    now: datetime
    own: frozenset[ContactPointId] = frozenset()

    def reopening(self, cap: Cap, effect: ContactEffect) -> datetime | None:
        """When the cap has room again, or None when it has room now."""
        if effect.channel not in cap.channels or (cap.elsewhere and effect.contact_point_id in self.own):
            return None
        if self._asked_for(cap.asked_days, effect, self.now):
            return None
        if cap.window_days is not None:
            inside = self._inside(cap, effect, timedelta(days=cap.window_days))
            return inside[-cap.limit] + timedelta(days=cap.window_days) if len(inside) >= cap.limit else None
        answers = [
            start_of_day(local_date(self.now, zone) + timedelta(days=1), zone)
            for zone, made in self._today(cap, effect)
            if made >= cap.limit
        ]
        return max(answers, default=None)

    def used(self, cap: Cap, effect: ContactEffect) -> int:
        """How many of its contacts were made in the window of now; where the day depends on the place, the
        most of any. May be more than the limit: contacts of others count, and so do those of before."""
        if cap.window_days is not None:
            return len(self._inside(cap, effect, timedelta(days=cap.window_days)))
        return max((made for _, made in self._today(cap, effect)), default=0)

    def _inside(self, cap: Cap, effect: ContactEffect, window: timedelta) -> list[datetime]:
        """Oldest first."""
        made = sorted(a.at for a in self.attempts if self._counts(cap, effect, a))
        return [at for at in made if at > self.now - window]

    def _today(self, cap: Cap, effect: ContactEffect) -> list[tuple[str, int]]:
        """By place: how many on the day that it is there."""
        made = [a.at for a in self.attempts if self._counts(cap, effect, a)]
        return [
            (zone, sum(1 for at in made if local_date(at, zone) == local_date(self.now, zone)))
            for zone in self.zones
        ]

    def _counts(self, cap: Cap, effect: ContactEffect, attempt: Attempt) -> bool:
        if not _counted(cap, effect, self.loan_id, attempt):
            return False
        if cap.elsewhere and attempt.contact_point_id in self.own:
            return False
        return attempt.channel is not Channel.CALL or not self._asked_for(cap.asked_days, effect, attempt.at)

    def _asked_for(self, days: int | None, effect: ContactEffect, at: datetime) -> bool:
        """Whether a call at that moment is the first since the person asked for one, and in time."""
        if days is None or effect.channel is not Channel.CALL:
            return False
        calls = [
            a
            for a in self.attempts
            if a.channel is Channel.CALL
            and a.at < at
            and a.outcome not in _NEVER_MADE
            and a.person_id == effect.person_id
            and a.loan_id == self.loan_id
        ]
        last = max(calls, key=lambda a: a.at, default=None)
        return last is not None and last.asked_back and at <= last.at + timedelta(days=days)

    def wait_reopening(self, wait: ConversationWait, effect: ContactEffect) -> datetime | None:
        """When a call is permitted after the last conversation about this debt, inbound ones included. A call
        whose outcome nobody knows may have been one."""
        if effect.channel is not Channel.CALL or self._asked_for(wait.asked_days, effect, self.now):
            return None
        talks = [
            a.at
            for a in self.attempts
            if a.channel is Channel.CALL
            and a.outcome in _MAYBE_CONNECTED
            and a.person_id == effect.person_id
            and a.loan_id == self.loan_id
        ]
        if not talks:
            return None
        opens = max(
            start_of_day(local_date(max(talks), zone) + timedelta(days=wait.days), zone)
            for zone in self.zones
        )
        return opens if self.now < opens else None
