"""What has to be told with a move: how the vehicle is to be sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from recourse.domain.letter import is_unseen

_LONGEST = 200


class Terms(StrEnum):
    """What a procedure can ask for with a move."""

    SALE = "sale"


class SaleKind(StrEnum):
    PUBLIC = "public"
    """An auction: on one day, at one hour, at one place that everybody is told."""
    PRIVATE = "private"
    """To whoever buys it, at some time after a day."""


@dataclass(frozen=True, slots=True)
class SaleTerms:
    """day: of a public sale; of a private one the day after which it may be sold. at, place: of a public
    sale only. owed_minor: the whole debt with our expenses as the legal desk has reckoned it, in the loan's
    currency; None for what the bank states. Raises ValueError, which names the field."""

    kind: SaleKind
    day: date
    at: time | None = None
    place: str | None = None
    owed_minor: int | None = None

    def __post_init__(self) -> None:
        public = self.kind is SaleKind.PUBLIC
        for name, value in (("at", self.at), ("place", self.place)):
            if public and not value:
                raise ValueError(f"{name}: a public sale is announced with its hour and its place")
            if not public and value is not None:
                raise ValueError(f"{name}: a private sale has none; leave it out")
        if self.place is not None and (len(self.place) > _LONGEST or any(map(is_unseen, self.place))):
            raise ValueError(f"place: at most {_LONGEST} signs in one line, each of which can be seen")
        if self.owed_minor is not None and self.owed_minor <= 0:
            raise ValueError("owed_minor: above 0, or left out for what the bank states")

    @property
    def opens_on(self) -> date:
        """The first day on which a sale is the one that was announced."""
        return self.day if self.kind is SaleKind.PUBLIC else self.day.fromordinal(self.day.toordinal() + 1)

    @property
    def ends_on(self) -> date | None:
        """The last one; None for no end."""
        return self.day if self.kind is SaleKind.PUBLIC else None
