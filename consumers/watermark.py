"""The lowest contiguous finished offset of a partition: what may be committed without losing anything."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field


@dataclass(slots=True)
class Watermark:
    """Offsets of one partition under way. Gaps are fine: compaction and transactions leave them."""

    _open: list[int] = field(default_factory=list)
    _finished: set[int] = field(default_factory=set)
    _highest: int | None = None
    _committed: int | None = None

    def begin(self, offset: int) -> None:
        """Offsets of a partition begin in rising order."""
        heapq.heappush(self._open, offset)
        self._highest = offset if self._highest is None else max(self._highest, offset)

    def finish(self, offset: int) -> None:
        self._finished.add(offset)
        while self._open and self._open[0] in self._finished:
            self._finished.discard(heapq.heappop(self._open))

    def position(self) -> int | None:
        """The offset to commit (the next one to read), or None before anything began."""
        if self._open:
            return self._open[0]
        return None if self._highest is None else self._highest + 1

    def advance(self) -> int | None:
        """The position, if it moved since it was last committed."""
        position = self.position()
        return position if position is not None and position != self._committed else None

    def committed(self, position: int) -> None:
        self._committed = position
