"""The rounds: each pair runs back to back, and who goes first changes from round to round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bench import events, latency, ours
from bench.bare import BareCalls
from bench.bed import Bed
from bench.figures import Pair
from bench.naive import Naive

SIDE_BY_SIDE = 128
"""Calls under way at once: what the consumer's lanes permit, so the bar has the same."""
BURST = 5
"""Events a loan in the burst rounds."""


@dataclass(frozen=True, slots=True)
class Size:
    """loans, naive: loans a round, and against the one-at-a-time consumer. per_second: of the latency run."""

    rounds: int
    loans: int
    naive: int
    workers: int
    latency_loans: int
    per_second: float


@dataclass
class Measured:
    """decided, told: against bare calls, by what counts as done. burst: five events a loan, told."""

    decided: list[Pair] = field(default_factory=list)
    told: list[Pair] = field(default_factory=list)
    burst: list[Pair] = field(default_factory=list)
    naive: list[Pair] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)


class Rounds:
    """Raises Failed (see `bench.checks`) at the first round whose result does not hold."""

    def __init__(self, bed: Bed, size: Size, say: Callable[[str], None]) -> None:
        self._bed, self._size, self._say = bed, size, say
        self._bare = BareCalls(bed, SIDE_BY_SIDE)
        self._naive = Naive(bed)
        self._measured = Measured()

    async def run(self) -> Measured:
        await self._bare.begin(self._size.workers)
        await self._naive.begin()
        await self._warm_up()
        for number in range(self._size.rounds):
            ours_first = number % 2 == 0
            await self._against_bare(number, ours_first)
            await self._burst(number, ours_first)
            await self._against_naive(number, ours_first)
        await self._latency()
        return self._measured

    async def _warm_up(self) -> None:
        """Connections, caches and the sandbox's first imports belong to nobody's figure."""
        await self._ours("warm", 100, 1)
        await self._bare.measure(100)

    async def _against_bare(self, number: int, ours_first: bool) -> None:
        rates, bare = await self._pair(f"r{number}", self._size.loans, 1, ours_first)
        self._measured.decided.append(Pair(rates.decided, bare))
        self._measured.told.append(Pair(rates.told, bare))
        self._say(
            f"round {number + 1}: {rates.decided:.0f} events/s decided, {rates.told:.0f} told, "
            f"{bare:.0f} bare calls/s"
        )

    async def _burst(self, number: int, ours_first: bool) -> None:
        rates, bare = await self._pair(f"b{number}", self._size.loans // 2, BURST, ours_first)
        self._measured.burst.append(Pair(rates.told, bare))
        self._say(f"  in bursts of {BURST}: {rates.told:.0f} events/s told, {bare:.0f} bare calls/s")

    async def _pair(self, name: str, loans: int, each: int, ours_first: bool) -> tuple[ours.Rates, float]:
        if ours_first:
            rates = await self._ours(name, loans, each)
            return rates, await self._bare.measure(loans)
        bare = await self._bare.measure(loans)
        return await self._ours(name, loans, each), bare

    async def _against_naive(self, number: int, ours_first: bool) -> None:
        if ours_first:
            rates = await self._ours(f"n{number}", self._size.naive, 1)
        loans = await self._introduced(f"v{number}", self._size.naive)
        slow = await self._naive.measure(self._prefix(f"v{number}"), loans)
        if not ours_first:
            rates = await self._ours(f"n{number}", self._size.naive, 1)
        self._measured.naive.append(Pair(rates.told, slow))
        self._say(f"  one at a time: {slow:.0f} events/s against {rates.told:.0f}")

    async def _latency(self) -> None:
        loans = await self._introduced("lat", self._size.latency_loans)
        found = await latency.measure(self._bed, self._prefix("lat"), loans, self._size.per_second)
        self._measured.latency.extend(found)

    async def _ours(self, name: str, count: int, each: int) -> ours.Rates:
        loans = await self._introduced(name, count)
        return await ours.measure(self._bed, self._prefix(name), loans, each)

    async def _introduced(self, name: str, count: int) -> list[str]:
        loans = events.names(self._prefix(name), count)
        await ours.introduce(self._bed, loans)
        return loans

    def _prefix(self, name: str) -> str:
        return f"{self._bed.prefix}{name}"
