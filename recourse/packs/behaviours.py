"""How borrowers, desks and prices are taken to be in a simulation: numbers from YAML, each with its source.

A number that nobody has measured says `assumed`. Nothing here is used when real people are contacted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from recourse.domain import zones
from recourse.domain.dispositions import DISPOSITIONS, allowed_outcomes
from recourse.domain.situation import HoldReason
from recourse.packs.strict import PackError, read_yaml, validate

ASSUMED = "assumed"
PRICED = frozenset({"email", "sms", "call", "visit", "letter", "locate", "handover", "agent_hour"})
"""What a simulation has a price for."""


@dataclass(frozen=True, slots=True)
class Number:
    """source: where the number is from, or `assumed`."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Named:
    """A number for one of several things (an outcome, a zone, a channel, a kind of task)."""

    of: str
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of borrower. Probabilities in 0 to 1, if nothing else is said.

    share: of all loans; the kinds' shares add up to 1.
    misses, misses_behind: an installment is not paid when due; while an older one is unpaid.
    pays_unasked: a day in arrears ends with paying everything, whatever the lender did.
    heeds_message: a message makes the borrower pay. answers, at_home: a call, a visit reaches the borrower.
    says: what is said when spoken to, by disposition; what is left of 1 refuses.
    keeps_promise: pays on the promised day. pays_in_full: pays all arrears, else the oldest installment.
    stops: answers a text with STOP. moves: a year; the number is dead from then on, until it is found anew.
    pays_after_handover: pays everything once the file is at the legal desk.
    """

    name: str
    share: Number
    misses: Number
    misses_behind: Number
    pays_unasked: Number
    heeds_message: Number
    answers: Number
    at_home: Number
    says: tuple[Named, ...]
    keeps_promise: Number
    pays_in_full: Number
    stops: Number
    moves: Number
    pays_after_handover: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """heeds_days, found_days, legal_days, handover_pays_days: drawn evenly from 1 to this many days.

    promise_days: how far ahead a promise is dated, at most. pickup_hours: until somebody takes a task.
    """

    heeds_days: Number
    promise_days: Number
    pickup_hours: Number
    found_days: Number
    legal_days: Number
    handover_pays_days: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class BookShape:
    """What an invented book is drawn from, and what a file does not tell of its loans.

    late: probability that a loan begins in arrears, with 1 to late_installments unpaid installments.
    installment_low, installment_high: minor units. left_low, left_high: installments left to pay.
    email, sms: consent to the channel. tracker: consent to the vehicle being located.
    """

    late: Number
    late_installments: Number
    installment_low: Number
    installment_high: Number
    left_low: Number
    left_high: Number
    email: Number
    sms: Number
    tracker: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """zones: where borrowers live, IANA names with shares. lifted_after: days until a hold that has no end is
    lifted. desk: probability that a desk answers a task with yes; 1 where none is named. tracker_fresh: a
    position read is fresh. costs: minor units each. minutes: of work a task, `no_answer` for a call that
    reached nobody, `other` for what is not named."""

    id: str
    version: str
    title: str
    region: str
    currency: str
    lender_zone: str
    zones: tuple[Named, ...]
    book: BookShape
    kinds: tuple[Kind, ...]
    delays: Delays
    lifted_after: tuple[Named, ...]
    desk: tuple[Named, ...]
    tracker_fresh: Number
    costs: tuple[Named, ...]
    minutes: tuple[Named, ...]

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def numbers(self) -> Iterator[tuple[str, float, str]]:
        """(where, value, source) of everything that is stated."""
        yield "tracker_fresh", self.tracker_fresh.value, self.tracker_fresh.source
        for part, prefix in ((self.book, "book"), (self.delays, "delays")):
            yield from _numbers(part, prefix)
        for kind in self.kinds:
            yield from _numbers(kind, f"kinds.{kind.name}")
            yield from _named(f"kinds.{kind.name}.says", kind.says)
        for field in ("zones", "lifted_after", "desk", "costs", "minutes"):
            yield from _named(field, getattr(self, field))

    @property
    def assumed(self) -> int:
        """How many of the numbers nobody has measured."""
        return sum(source == ASSUMED for _, _, source in self.numbers())


def by_name(items: Iterable[Named]) -> dict[str, float]:
    return {item.of: item.value for item in items}


def _numbers(part: BookShape | Delays | Kind, prefix: str) -> Iterator[tuple[str, float, str]]:
    for field in fields(part):
        number = getattr(part, field.name)
        if isinstance(number, Number):
            yield f"{prefix}.{field.name}", number.value, number.source


def _named(prefix: str, items: Iterable[Named]) -> Iterator[tuple[str, float, str]]:
    for item in items:
        yield f"{prefix}.{item.of}", item.value, item.source


def load_behaviour_file(path: Path) -> Behaviour:
    """Raises PackError, OSError."""
    return load_behaviour(str(path), path.read_text(encoding="utf-8"))


def load_behaviour(name: str, text: str) -> Behaviour:
    """Raises PackError."""
    made: Behaviour = validate(name, read_yaml(name, text), Behaviour)
    for problem in _problems(made):
        raise PackError(f"{name}: {problem}")
    return made


@lru_cache(maxsize=1)
def installed_behaviours() -> Mapping[str, Behaviour]:
    """By country. Raises PackError."""
    folder = files("recourse.packs") / "behaviour"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    made = [
        load_behaviour(f"behaviour/{name}", (folder / name).read_text(encoding="utf-8")) for name in names
    ]
    return {behaviour.region: behaviour for behaviour in made}


def _problems(b: Behaviour) -> Iterator[str]:
    for where, value, source in b.numbers():
        if not source.strip():
            yield f"{where}.source: say where the number is from, or {ASSUMED}"
        if value < 0:
            yield f"{where}: must be 0 or more"
        if value > 1 and _is_probability(where):
            yield f"{where}: a probability; must be 1 or less"
    for where, whole in (("kinds", [k.share.value for k in b.kinds]), ("zones", [z.value for z in b.zones])):
        if abs(sum(whole) - 1) > 1e-9:
            yield f"{where}: the shares add up to {sum(whole):g}; they must make 1"
    for zone in (b.lender_zone, *(z.of for z in b.zones)):
        if not zones.exists(zone):
            yield "zones: names a time zone that there is not; give an IANA name, such as Asia/Shanghai"
    for kind in b.kinds:
        yield from _sayings(kind)
    yield from _lists(b)


def _is_probability(where: str) -> bool:
    if where.startswith("book."):
        return where.rpartition(".")[2] in {"late", "email", "sms", "tracker"}
    return where.startswith(("kinds.", "desk.", "zones.", "tracker_fresh")) and not where.endswith(".moves")


def _sayings(kind: Kind) -> Iterator[str]:
    allowed = allowed_outcomes("call")
    for item in kind.says:
        if item.of not in allowed:
            yield f"kinds.{kind.name}.says.{item.of}: no answer on the phone; one of {', '.join(allowed)}"
        elif DISPOSITIONS[item.of].unusable:
            yield f"kinds.{kind.name}.says.{item.of}: follows from moving; leave it out"
    if sum(item.value for item in kind.says) > 1 + 1e-9:
        yield f"kinds.{kind.name}.says: add up to more than 1"


def _lists(b: Behaviour) -> Iterator[str]:
    reasons = {reason.value for reason in HoldReason}
    for item in b.lifted_after:
        if item.of not in reasons:
            yield f"lifted_after.{item.of}: no reason of a hold; one of {', '.join(sorted(reasons))}"
    for item in b.costs:
        if item.of not in PRICED:
            yield f"costs.{item.of}: nothing has that price; one of {', '.join(sorted(PRICED))}"
    if unpriced := PRICED - set(by_name(b.costs)):
        yield f"costs: {', '.join(sorted(unpriced))} missing; give 0 for what costs nothing"
    if missing := {"no_answer", "other"} - set(by_name(b.minutes)):
        yield f"minutes: {', '.join(sorted(missing))} missing"
    if b.book.installment_low.value < 1 or b.book.installment_low.value > b.book.installment_high.value:
        yield "book.installment_low: must be 1 or more, and not above installment_high"
    if b.book.left_low.value < 1 or b.book.left_low.value > b.book.left_high.value:
        yield "book.left_low: must be 1 or more, and not above left_high"
    for field in fields(b.delays):
        if getattr(b.delays, field.name).value < 1:
            yield f"delays.{field.name}: must be 1 or more"
