"""The behaviour file made ready for asking it thousands of times, and the borrower of one loan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from recourse.domain.ids import ContactPointId, LoanId, PersonId
from recourse.domain.situation import Channel, ContactPoint, Party, PartyRole
from recourse.packs.behaviours import Behaviour, Kind, by_name
from recourse.simulation.draws import Draws

At = tuple[int, int]
"""Number of a draw: the delinquency, and how often before in it."""
DAYS_A_YEAR = 365
MILLI = 1000
"""Prices are thousandths of a minor unit, whole, so that sums are the same in any order."""


@dataclass(frozen=True, slots=True)
class Model:
    """cost_milli: thousandths of a minor unit each. seconds: of work a task."""

    behaviour: Behaviour
    shares: tuple[float, ...]
    zone_shares: tuple[float, ...]
    cost_milli: dict[str, int]
    seconds: dict[str, int]
    lifted_after: dict[str, float]
    desk: dict[str, float]
    says: dict[str, tuple[tuple[str, ...], tuple[float, ...]]]

    @staticmethod
    def of(behaviour: Behaviour) -> Model:
        return Model(
            behaviour,
            shares=tuple(kind.share.value for kind in behaviour.kinds),
            zone_shares=tuple(zone.value for zone in behaviour.zones),
            cost_milli={name: round(value * MILLI) for name, value in by_name(behaviour.costs).items()},
            seconds={name: round(value * 60) for name, value in by_name(behaviour.minutes).items()},
            lifted_after=by_name(behaviour.lifted_after),
            desk=by_name(behaviour.desk),
            says={
                kind.name: (tuple(s.of for s in kind.says), tuple(s.value for s in kind.says))
                for kind in behaviour.kinds
            },
        )

    def work(self, kind: str) -> int:
        """Seconds that a task of the kind takes."""
        return self.seconds.get(kind, self.seconds["other"])


class Borrower:
    """Who is behind one loan, as the seed draws it: the same under every strategy."""

    __slots__ = ("_delays", "_draws", "_kind", "_model", "dead", "moved")

    def __init__(self, model: Model, draws: Draws) -> None:
        self._model, self._draws = model, draws
        self._delays = model.behaviour.delays
        which = draws.one_of(model.shares, "kind")
        self._kind: Kind = model.behaviour.kinds[min(which, len(model.shares) - 1)]
        self.dead = False
        """The number that the bank has rings nowhere."""
        self.moved = 0

    def party(self, loan_id: LoanId) -> Party:
        """As the bank knows the borrower when the window begins, or after it found the new number."""
        book, draws = self._model.behaviour.book, self._draws
        texts = {Channel.SMS} if draws.happens(book.sms.value, "sms") else set()
        mails = {Channel.EMAIL} if draws.happens(book.email.value, "email") else set()
        points = (
            ContactPoint(ContactPointId(f"{loan_id}-email"), "email", frozenset(mails)),
            ContactPoint(ContactPointId(f"{loan_id}-home-{self.moved}"), "address", frozenset()),
            ContactPoint(ContactPointId(f"{loan_id}-mobile-{self.moved}"), "mobile", frozenset(texts)),
        )
        zones = self._model.behaviour.zones
        zone = zones[min(draws.one_of(self._model.zone_shares, "zone", self.moved), len(zones) - 1)].of
        return Party(PersonId(f"{loan_id}-borrower"), PartyRole.BORROWER, (zone,), points)

    def tracker(self) -> bool:
        return self._draws.happens(self._model.behaviour.book.tracker.value, "tracker")

    def misses(self, installment: int, *, behind: bool) -> bool:
        chance = self._kind.misses_behind if behind else self._kind.misses
        return self._draws.happens(chance.value, "misses", installment)

    def pays_unasked_after(self, delinquency: int) -> int | None:
        """Days."""
        return self._draws.trials(self._kind.pays_unasked.value, "pays_unasked", delinquency)

    def heeds(self, channel: Channel, at: At) -> int | None:
        """Days until a message is followed by money; None when it is not, or nobody can read it."""
        if self.dead and channel is Channel.SMS:
            return None
        if not self._draws.happens(self._kind.heeds_message.value, f"heeds {channel}", *at):
            return None
        return self._draws.whole(1, int(self._delays.heeds_days.value), f"heeds {channel} after", *at)

    def stops(self, at: At) -> bool:
        return not self.dead and self._draws.happens(self._kind.stops.value, "stops", *at)

    def answer(self, channel: Channel, at: At) -> str:
        """The disposition of a call or visit."""
        if channel is Channel.CALL and self.dead:
            return "wrong_number"
        reached = self._kind.at_home if channel is Channel.VISIT else self._kind.answers
        if not self._draws.happens(reached.value, f"reached by {channel}", *at):
            return "no_answer"
        outcomes, chances = self._model.says[self._kind.name]
        which = self._draws.one_of(chances, f"says on {channel}", *at)
        return outcomes[which] if which < len(outcomes) else "refuses"

    def promised_in(self, most: int, at: At) -> int:
        """Days ahead of today, 1 to `most` or to what the model has, whichever is less."""
        return self._draws.whole(1, min(most, int(self._delays.promise_days.value)), "promised", *at)

    def keeps(self, at: At) -> bool:
        return self._draws.happens(self._kind.keeps_promise.value, "keeps", *at)

    def in_full(self, at: At) -> bool:
        return self._draws.happens(self._kind.pays_in_full.value, "in_full", *at)

    def pays_after_handover(self, at: At) -> int | None:
        """Days."""
        if not self._draws.happens(self._kind.pays_after_handover.value, "after_handover", *at):
            return None
        most = int(self._delays.handover_pays_days.value)
        return self._draws.whole(1, most, "after_handover days", *at)

    def moves_after(self) -> int | None:
        """Days since the last time, or since the window began."""
        return self._draws.trials(self._kind.moves.value / DAYS_A_YEAR, "moves", self.moved)

    def found_after(self) -> int:
        return self._draws.whole(1, int(self._delays.found_days.value), "found", self.moved)

    def hour(self, purpose: str, at: At) -> timedelta:
        """Between eight and eight: when people pay."""
        return timedelta(hours=8 + 12 * self._draws.uniform(f"{purpose} hour", *at))
