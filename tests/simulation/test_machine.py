"""Events of the bank and of people, wishes of agents, jumps of the clock and edited strategies, in any order:
whatever the gate allows then, the naive checker has no objection to.

Wishes are for anything at all, and a strategy may want what no law permits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from recourse.domain.decide import Rules, decide
from recourse.domain.decision import DoStep
from recourse.domain.ids import ContactPointId, PersonId
from recourse.domain.law.gate import gate
from recourse.domain.law.hours import local_date
from recourse.domain.law.rules import Disclosure
from recourse.domain.law.verdict import (
    AccelerationEffect,
    Allowed,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    RecoveryEffect,
    Refused,
    SaleEffect,
)
from recourse.domain.situation import AttemptOutcome, Channel, Notice, PartyRole, StepOutcome, StepRecord
from recourse.domain.strategy.address import effect_of
from recourse.domain.strategy.ladder import Step, StepKind
from recourse.domain.strategy.progress import progress
from tests.law.naive_case import forbidden
from tests.simulation.machine import ENDS, HOMES, NOTICES, World, channels, people, roles

NOTICE_OF = dict.fromkeys(("US", "US-CO", "US-MA"), "cure_notice") | dict.fromkeys(
    ("CN", "DE", "IN"), "formal_demand"
)
SENT = (AttemptOutcome.SENT, AttemptOutcome.SENT, AttemptOutcome.UNKNOWN, AttemptOutcome.NOT_SENT)
SPOKEN = (
    AttemptOutcome.CONNECTED,
    AttemptOutcome.NOT_CONNECTED,
    AttemptOutcome.NOT_CONNECTED,
    AttemptOutcome.CLAIMED,
    AttemptOutcome.NOT_SENT,
)


LEADS_TO = {Channel.EMAIL: 3, Channel.VISIT: 4, Channel.LETTER: 4}


@dataclass(frozen=True)
class Wish:
    """A contact that somebody wants, and what will come of it. astray: not where its channel leads to."""

    role: PartyRole
    channel: Channel
    number: int
    says: Disclosure
    spoken: AttemptOutcome
    sent: AttemptOutcome
    again: bool
    astray: bool = False

    def effect(self) -> ContactEffect:
        number = self.number if self.astray else LEADS_TO.get(self.channel, self.number)
        person, point = self.role.value, f"{self.role.value}-{number}"
        return ContactEffect(self.channel, PersonId(person), ContactPointId(point), self.says)


wishes = st.builds(
    Wish,
    role=roles,
    channel=channels | st.sampled_from((Channel.CALL, Channel.SMS)),
    number=st.sampled_from((1, 1, 1, 2)),
    says=st.sampled_from((Disclosure.DEBT, Disclosure.DEBT, Disclosure.WHEREABOUTS)),
    spoken=st.sampled_from(SPOKEN),
    sent=st.sampled_from(SENT),
    again=st.booleans(),
    astray=st.sampled_from((False, False, False, True)),
)


several = st.lists(wishes, min_size=4, max_size=12)


class Gate(World):
    """allowed: how often the gate said yes, by what was asked, over all runs of a test. by_channel: of these,
    the contacts."""

    allowed: Counter[str]
    by_channel: Counter[Channel]

    @rule(wishes=several, template=st.sampled_from(NOTICES))
    def agents_want_contacts(self, wishes: list[Wish], template: str) -> None:
        self._contacts(wishes, template)

    @rule(wishes=several, template=st.sampled_from(NOTICES))
    def a_dialler_wants_contacts(self, wishes: list[Wish], template: str) -> None:
        """Again, so that half of what happens are wishes."""
        self._contacts(wishes, template)

    def _contacts(self, wishes: list[Wish], template: str) -> None:
        for wish in wishes:
            effect = wish.effect()
            if not self.allows_in_time(effect):
                continue
            outcome = wish.spoken if effect.channel in {Channel.CALL, Channel.VISIT} else wish.sent
            again = wish.again and outcome is AttemptOutcome.CONNECTED
            self.remember(replace(self.attempt(effect), outcome=outcome, asked_back=again))
            if outcome is AttemptOutcome.SENT:
                self.notices.append(Notice(template, self.now, self._days_late()))

    @rule(wanted=st.booleans(), template=st.sampled_from(NOTICES))
    def a_notice_is_given(self, wanted: bool, template: str) -> None:
        """wanted: one that the law of the place may want."""
        if wanted:
            template = NOTICE_OF.get(self.place, template)
        effect = ContactEffect(Channel.EMAIL, PersonId("borrower"), ContactPointId("borrower-3"))
        if self.allows_in_time(effect):
            self.remember(replace(self.attempt(effect), outcome=AttemptOutcome.SENT))
            self.notices.append(Notice(template, self.now, self._days_late()))

    @rule(
        step=st.sampled_from(("propose", "approve")),
        one=people,
        other=people,
        purpose=st.sampled_from(("why", "")),
    )
    def somebody_wants_what_cannot_be_taken_back(self, step: str, one: str, other: str, purpose: str) -> None:
        self.done(step, one)
        given = (*self.s.earlier_notices, *self.notices)
        self.allows(LocateEffect(purpose))
        self.allows(AccelerationEffect((), given))
        self.allows_in_time(RecoveryEffect((), 0, one, other, given))
        self.allows_in_time(HandoverEffect("propose", "approve", (), given))
        self.allows(SaleEffect(given))

    @rule(data=st.data())
    def somebody_edits_the_strategy(self, data: st.DataObject) -> None:
        """Into whatever no linter would pass."""
        steps = list(self.strategy.steps)
        index = data.draw(st.integers(0, len(steps) - 1))
        step = steps[index]
        edits: list[dict[str, Any]] = [
            {"day": max(0, step.day - data.draw(st.integers(1, 60)))},
            {"until": None, "tries": 50, "every_days": 0},
            {"requires": (), "wait_days": 0, "only": (), "fallback_for": None},
        ]
        if step.channel is not None:
            edits += [{"channel": data.draw(channels)}, {"party": data.draw(roles)}]
        steps[index] = replace(step, **data.draw(st.sampled_from(edits)))
        self.strategy = replace(self.strategy, steps=tuple(steps), version=f"{self.strategy.version}+")

    @rule(by=people)
    def the_ladder_takes_its_next_step(self, by: str) -> None:
        """When it is due, as far as the quarter reaches."""
        plan = decide(self.s, Rules(self.strategy, self.packs()), self.now).plan
        if not isinstance(plan, DoStep) or plan.due_at > ENDS:
            return
        self.now = max(self.now, plan.due_at)
        step = self.strategy.step(plan.step_id)
        effect = effect_of(step, self.s, progress(self.s, self.strategy))
        if effect is None or isinstance(effect, AccelerationEffect):
            self.done(step.id, by)
        elif self.allows(effect):
            self._perform(step, effect, by)
        else:
            again = self.now + timedelta(hours=7)
            refused = StepRecord(step.id, StepOutcome.REFUSED, self.now, code="refused", opens_at=again)
            self.s = replace(self.s, steps=(*self.s.steps, refused))

    def _perform(self, step: Step, effect: Effect, by: str) -> None:
        if isinstance(effect, ContactEffect):
            made = AttemptOutcome.SENT if step.kind is StepKind.REMIND else AttemptOutcome.NOT_CONNECTED
            self.remember(replace(self.attempt(effect), outcome=made))
        self.done(step.id, by)

    def _days_late(self) -> int:
        return (local_date(self.now, self.s.lender_zone) - self.due).days

    def allows_in_time(self, effect: Effect) -> bool:
        """Whoever is told when it opens tries a moment too soon, and then again."""
        verdict = gate(effect, self.s, self.packs(), self.now)
        opens = verdict.opens_at if isinstance(verdict, Refused) else None
        if opens is not None and self.now < opens < ENDS:
            self.now = max(self.now, opens - timedelta(seconds=1))
            if self.allows(effect):
                return True
            self.now = opens
        return self.allows(effect)

    def allows(self, effect: Effect) -> bool:
        """The one question of this test."""
        if not isinstance(gate(effect, self.s, self.packs(), self.now), Allowed):
            return False
        assert forbidden(self.place, effect, self.s, self.now) == [], effect
        self.allowed[type(effect).__name__] += 1
        if isinstance(effect, ContactEffect):
            self.by_channel[effect.channel] += 1
        return True


@pytest.mark.parametrize("place", sorted(HOMES))
def test_no_order_of_events_wishes_jumps_and_edits_makes_the_gate_allow_a_breach(place: str) -> None:
    allowed, by_channel = Counter[str](), Counter[Channel]()
    counted = {"allowed": allowed, "by_channel": by_channel}
    here: Any = type("Here", (Gate,), {"place": place, **counted})
    bounds = settings(
        max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
    )
    for _ in range(4):
        # No run may allow a breach. What one of them tries is chance, so others follow until all was tried.
        run_state_machine_as_test(here, settings=bounds)
        if set(by_channel) == set(Channel) and allowed["LocateEffect"]:
            break
    assert allowed["ContactEffect"] > 10
    assert allowed["LocateEffect"] > 0
    assert set(by_channel) == set(Channel), "a channel that is never allowed is not tried at all"
    assert sum(allowed.values()) > 30
