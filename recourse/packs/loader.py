"""The packs that are installed, and which of them apply to a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from recourse.domain.authority import Authority
from recourse.domain.decide import Rules
from recourse.domain.law.rule import Collector
from recourse.domain.law.rules import LawPack
from recourse.domain.legal.procedure import Procedure
from recourse.domain.strategy.experiment import Experiment
from recourse.domain.strategy.ladder import Strategy
from recourse.packs.authorities import load_authority
from recourse.packs.experiments import load_experiments
from recourse.packs.laws import by_id, chain, load_law
from recourse.packs.procedures import by_region, load_procedure, procedure_for
from recourse.packs.resting import with_rest_days
from recourse.packs.strategies import load_strategies, load_strategy
from recourse.packs.strict import PackError

HOUSE_STRATEGY = "US"
"""A loan of a region without a strategy of its own is laddered by this one; without a law pack for the
region the gate refuses every contact, so nothing happens to the borrower until somebody adds the pack."""


@dataclass(frozen=True, slots=True)
class Place:
    """What decides which law applies, besides the day. collector, product: None where it is not known; then
    every rule binds, whomever it is for."""

    borrower: str
    lender: str
    collector: Collector | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class PackBook:
    """Every pack that is installed. laws: by id. strategies: by `id@version`. house: rules of the operator's
    own, asked everywhere beside the law; since every pack can only refuse, they tighten and never loosen.
    experiments: no two of which want the same case. authority: who may agree alone on what; without it nobody
    may. procedures: of legal actions, by place."""

    laws: dict[str, LawPack]
    strategies: dict[str, Strategy]
    house: LawPack | None = None
    experiments: tuple[Experiment, ...] = ()
    authority: Authority = field(default_factory=Authority)
    procedures: dict[str, Procedure] = field(default_factory=dict)
    _known: dict[tuple[str, Place, date], Rules] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )
    _kept: dict[Rules, Rules] = field(init=False, default_factory=dict, compare=False, repr=False)
    """The law seldom changes from one day to the next; equal rules are kept once."""

    def rules(self, strategy: str, place: Place, on: date) -> Rules:
        """What a case is decided by on a day. Raises PackError for a strategy that is not installed."""
        key = (strategy, place, on)
        if key not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
                self._kept.clear()
            rules = Rules(self.strategy(strategy), self.packs_for(place, on))
            self._known[key] = self._kept.setdefault(rules, rules)
        return self._known[key]

    def packs_for(self, place: Place, on: date) -> tuple[LawPack, ...]:
        """The packs of both places with their rules of the day; the stricter answer wins because the gate
        asks all of them. Empty when either place has no pack: what is not known to be lawful is refused."""
        both = [chain(self.laws, region) for region in (place.borrower, place.lender)]
        if not all(both):
            return ()
        packs = dict.fromkeys(pack for layers in both for pack in layers)
        if self.house is not None:
            packs[self.house] = None
        return tuple(
            with_rest_days(pack.as_of(on, place.collector, place.product), on.year) for pack in packs
        )

    def procedure(self, region: str) -> Procedure:
        """How a legal action goes at a place. Raises PackError where none is installed."""
        return procedure_for(self.procedures, region)

    def strategy(self, name: str) -> Strategy:
        """The exact version a case is pinned to. Raises PackError when it is not installed any more."""
        if name not in self.strategies:
            known = ", ".join(sorted(self.strategies))
            raise PackError(f"strategy {name}: not installed; running cases are pinned to it (have: {known})")
        return self.strategies[name]

    def strategies_for_new_cases(self) -> list[Strategy]:
        """The default of each country and what is tried beside it, by name; others are kept for the cases
        that are pinned to them."""
        found = {
            self.default_strategy(s.region, collector).name
            for s in self.strategies.values()
            for collector in s.collectors or (None,)
        }
        for experiment in self.experiments:
            found |= {arm.strategy for arm in (experiment.holdout, *experiment.arms)}
        return [self.strategies[name] for name in sorted(found)]

    def made_for(self, region: str) -> tuple[str, ...]:
        """The regions whose ladders are made for a place, the nearest first: those of the laws that hold
        there (`DE`, then `EU`; `UK` for `GB-LND`), and its country."""
        laws = reversed(chain(self.laws, region))
        return tuple(dict.fromkeys((*(law.id for law in laws), region.partition("-")[0])))

    def default_strategy(self, region: str, collector: Collector | None = None) -> Strategy:
        """The newest strategy for the place and for who collects there, else the house's. One that is only
        tried is not it, however new: a challenger must not become everybody's ladder by being installed."""
        kept = {experiment.holdout.strategy for experiment in self.experiments}
        tried = {arm.strategy for experiment in self.experiments for arm in experiment.arms} - kept
        known = [s for s in self.strategies.values() if s.name not in tried and s.is_for(collector)]
        for place in (*self.made_for(region), HOUSE_STRATEGY):
            fitting = [s for s in known if s.region == place]
            if fitting:
                return max(fitting, key=lambda s: (s.version, s.id))
        raise PackError(
            f"strategy: none is installed for {region}, and none of {HOUSE_STRATEGY} in its place"
        )

    def experiment(self, region: str, on: date, collector: Collector | None = None) -> Experiment | None:
        """The one that cases of the place are opened under on a day, the nearest first; none with an arm that
        is not for who collects there: another law may bind him."""
        running = [e for e in self.experiments if e.runs(on) and self._is_for(e, collector)]
        found = (e for place in self.made_for(region) for e in running if e.region == place)
        return next(found, None)

    def _is_for(self, experiment: Experiment, collector: Collector | None) -> bool:
        ladders = (self.strategies.get(arm.strategy) for arm in experiment.all_arms)
        return all(ladder is None or ladder.is_for(collector) for ladder in ladders)


_REMEMBERED = 1000


@lru_cache(maxsize=1)
def load_packs() -> PackBook:
    """The packs inside the package. Raises PackError."""
    laws = by_id((name, load_law(name, text)) for name, text in _texts("law"))
    strategies = [load_strategy(name, text) for name, text in _texts("strategies")]
    [authority] = [load_authority(name, text) for name, text in _texts("authority")]
    procedures = by_region((name, load_procedure(name, text)) for name, text in _texts("legal"))
    return PackBook(laws, {s.name: s for s in strategies}, authority=authority, procedures=procedures)


def with_strategies(book: PackBook, folder: Path) -> PackBook:
    """The same packs and the strategies of a folder. Raises PackError."""
    return replace(book, strategies=book.strategies | load_strategies(folder, book.strategies))


def with_experiments(book: PackBook, path: Path) -> PackBook:
    """The same packs, and what a file says is tried. Raises PackError."""
    return replace(book, experiments=load_experiments(path, book.strategies))


def with_house_rules(book: PackBook, path: Path) -> PackBook:
    """The same packs and one more, read from a file. Raises PackError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: cannot be read; give the path of a law pack in YAML") from error
    house = load_law(str(path), text)
    if house.regions or house.layer_of is not None:
        raise PackError(f"{path}: regions, layer_of: leave them out; house rules are asked everywhere")
    if house.id in book.laws:
        raise PackError(f"{path}: id: {house.id} is a law pack already; choose another, as HOUSE")
    return replace(book, house=house)


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for file in sorted((files("recourse.packs") / folder).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            yield f"{folder}/{file.name}", file.read_text(encoding="utf-8")
