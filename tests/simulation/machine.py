"""A world for the gate: one loan at one place, and everything that may happen to it in any order.

What the gate allows is done and remembered (`tests.simulation.test_machine`), so that caps fill up and
notices age. People change their minds here, the bank books and takes back, and the clock jumps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from recourse.domain.delinquency import Arrears, Installment
from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.law.hours import local_date
from recourse.domain.law.rule import Collector
from recourse.domain.law.rules import LawPack
from recourse.domain.law.verdict import ContactEffect
from recourse.domain.restrictions import InconvenientPlace, InconvenientTime, Restrictions, Whereabouts
from recourse.domain.situation import (
    Action,
    Attempt,
    AttemptOutcome,
    Channel,
    Hold,
    HoldReason,
    Notice,
    Party,
    PartyRole,
    Promise,
    PromiseState,
    StepOutcome,
    StepRecord,
)
from recourse.packs.loader import Place, load_packs
from tests.law.table import LawCase, situation

BOOK = load_packs()
HOMES = {
    "CN": ("Asia/Shanghai", "Asia/Urumqi"),
    "US": ("America/New_York", "America/Los_Angeles"),
    "US-MA": ("America/New_York",),
    "US-CO": ("America/Denver",),
    "UK": ("Europe/London",),
    "IN": ("Asia/Kolkata",),
    "DE": ("Europe/Berlin",),
}
BEGINS = datetime(2026, 10, 5, tzinfo=UTC)
ENDS = datetime(2026, 12, 30, tzinfo=UTC)
"""Rest days are typed for this quarter only."""
LONGEST = timedelta(days=12)
NOTICES = ("cure_notice", "formal_demand", "uk_default_notice", "uk_arrears_notice", "reminder_firm")
roles = st.sampled_from(
    (PartyRole.BORROWER, PartyRole.BORROWER, PartyRole.GUARANTOR, PartyRole.REFERENCE, PartyRole.ATTORNEY)
)
channels = st.sampled_from(Channel)
people = st.sampled_from(("person-1", "person-1", "person-2"))
TICK = timedelta(minutes=5)
jumps = st.integers(1, 288).map(lambda n: n * TICK) | st.integers(1, 12).map(lambda n: timedelta(days=n))


ELSEWHERE = {3: "email", 4: "address"}
"""Points besides the two numbers that everybody has, by the end of their id."""


def _reached_everywhere(party: Party) -> Party:
    first = party.contact_points[0]
    more = (
        replace(first, id=ContactPointId(f"{party.person_id}-{number}"), kind=kind)
        for number, kind in ELSEWHERE.items()
    )
    return replace(party, contact_points=(*party.contact_points, *more))


class World(RuleBasedStateMachine):
    """place: whose law holds. s: the case as it stands at `now`. notices: those given in this default."""

    place = ""

    @initialize(zones=st.sets(st.integers(0, 1), min_size=1), ticks=st.integers(0, 2 * 288))
    def begin(self, zones: set[int], ticks: int) -> None:
        homes = HOMES[self.place]
        self.now = BEGINS + ticks * TICK
        living = sorted({homes[number % len(homes)] for number in zones})
        line = LawCase(says="", at=f"{self.now:%Y-%m-%d %H:%M}", do="call", zones=living, approved_by=None)
        self.s = situation(line, homes[0])
        self.s = replace(self.s, parties=tuple(map(_reached_everywhere, self.s.parties)))
        self.due = self.s.account.arrears.installments[0].due_date
        self.strategy = BOOK.default_strategy(self.place)
        self.notices: list[Notice] = []

    @precondition(lambda self: self.now < ENDS - LONGEST)
    @rule(jump=jumps)
    def time_passes(self, jump: timedelta) -> None:
        self.now += jump

    @rule(paid=st.integers(0, 3), certain=st.booleans())
    def the_bank_books(self, paid: int, certain: bool) -> None:
        unpaid = () if paid == 0 else (Installment(1, self.due, 100_000, 100_000),)
        account = replace(self.s.account, arrears=Arrears(unpaid), certain=certain or paid > 1)
        self.s = replace(self.s, account=account)

    @precondition(lambda self: not self.s.holds)
    @rule(reason=st.sampled_from(HoldReason), days=st.integers(0, 9), stops=st.sets(st.sampled_from(Action)))
    def a_hold_is_placed(self, reason: HoldReason, days: int, stops: set[Action]) -> None:
        until = self.now + timedelta(days=days) if days else None
        hold = Hold(f"h-{len(self.s.holds)}", reason, self.now, until, frozenset(stops))
        self.s = replace(self.s, holds=(*self.s.holds, hold))

    @rule()
    def all_is_quiet_again(self) -> None:
        """Else every run would soon be one of refusals."""
        quiet = (replace(party, ceased=frozenset(), restrictions=Restrictions()) for party in self.s.parties)
        self.s = replace(self.s, holds=(), promises=(), parties=tuple(quiet))
        self.the_bank_books(paid=3, certain=True)
        if self.now > ENDS - LONGEST:  # the quarter is used up: it begins once more, with nothing done yet
            self.now, self.notices = BEGINS, []
            self.s = replace(self.s, attempts=(), steps=())

    @rule(days=st.integers(1, 5), kept=st.booleans())
    def a_promise_is_made_or_judged(self, days: int, kept: bool) -> None:
        if self.s.promises and self.s.promises[0].state is PromiseState.OPEN:
            judged = PromiseState.KEPT if kept else PromiseState.BROKEN
            self.s = replace(self.s, promises=(replace(self.s.promises[0], state=judged),))
        else:
            due = local_date(self.now, self.s.lender_zone) + timedelta(days=days)
            self.s = replace(self.s, promises=(Promise("p", self.now, 1000, due, PromiseState.OPEN),))

    @rule(role=roles, stopped=st.sets(channels, max_size=1), refused=st.sets(channels, max_size=2))
    def a_person_agrees_or_asks_to_stop(
        self, role: PartyRole, stopped: set[Channel], refused: set[Channel]
    ) -> None:
        def told(party: Party) -> Party:
            agreed = frozenset(Channel) - refused
            points = tuple(replace(point, consent=agreed) for point in party.contact_points)
            return replace(party, ceased=frozenset(stopped), contact_points=points)

        self.change(role, told)

    @rule(
        role=roles,
        days=st.sets(st.integers(1, 7), max_size=3),
        begins=st.integers(0, 23),
        ends=st.integers(0, 23),
        work=st.booleans(),
        attorney=st.integers(0, 3),
    )
    def a_person_names_times_and_places(
        self, role: PartyRole, days: set[int], begins: int, ends: int, work: bool, attorney: int
    ) -> None:
        times = (InconvenientTime(frozenset(days), time(begins), time(ends)),) if days else ()
        places = (InconvenientPlace(whereabouts=Whereabouts.WORK),) if work else ()
        told = Restrictions(times, places, represented=attorney == 0)
        self.change(role, lambda party: replace(party, restrictions=told))

    @rule(
        role=roles,
        kind=st.sampled_from(("mobile", "landline")),
        usable=st.integers(0, 3),
        where=st.none() | st.sampled_from(Whereabouts),
    )
    def a_number_changes(self, role: PartyRole, kind: str, usable: int, where: Whereabouts | None) -> None:
        def moved(party: Party) -> Party:
            first, *others = party.contact_points
            first = replace(first, kind=kind, usable=usable > 0, whereabouts=where)
            return replace(party, contact_points=(first, *others))

        self.change(role, moved)

    @rule(asked=st.booleans())
    def the_borrower_calls(self, asked: bool) -> None:
        call = self.attempt(ContactEffect(Channel.CALL, PersonId("borrower"), ContactPointId("borrower-1")))
        self.remember(replace(call, outcome=AttemptOutcome.CONNECTED, inbound=True, asked_back=asked))

    @rule(
        days=st.integers(30, 420),
        template=st.sampled_from(NOTICES),
        dpd=st.integers(1, 40),
        located=st.booleans(),
    )
    def the_file_is_completed(self, days: int, template: str, dpd: int, located: bool) -> None:
        """With an earlier default, and with what the owner of the tracker agreed to."""
        before = Notice(template, self.now - timedelta(days=days), dpd, earlier=True)
        self.s = replace(self.s, earlier_notices=(before,), locate_basis="consent" if located else None)

    def packs(self) -> tuple[LawPack, ...]:
        place = Place(self.place, self.place, Collector.CREDITOR, "auto_loan")
        return BOOK.packs_for(place, local_date(self.now, self.s.lender_zone))

    def change(self, role: PartyRole, change: Callable[[Party], Party]) -> None:
        parties = tuple(change(party) if party.role is role else party for party in self.s.parties)
        self.s = replace(self.s, parties=parties)

    def attempt(self, effect: ContactEffect) -> Attempt:
        """Claimed, and nothing more is known of it."""
        person, point = effect.person_id, effect.contact_point_id
        return Attempt(self.now, effect.channel, AttemptOutcome.CLAIMED, LoanId("L-1"), person, point)

    def remember(self, attempt: Attempt) -> None:
        self.s = replace(self.s, attempts=(*self.s.attempts, attempt))

    def done(self, step: str, by: str) -> None:
        record = StepRecord(step, StepOutcome.DONE, self.now, by=by)
        self.s = replace(self.s, steps=(*self.s.steps, record))
