"""What a scan for traces of people has looked at, what it found, and what may say it by design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from recourse.domain.privacy.traces import Trace, Traces

FILES, ADDRESSES, KAFKA, TEMPORAL, DATABASE = "files", "addresses", "Kafka", "Temporal", "PostgreSQL"

BY_DESIGN: Final = {
    "smtp.ndjson": "the mail server's own log: what was sent to it",
    "smsc.ndjson": "the SMS centre's own log: what was sent to it, and from which numbers it was answered",
    "traccar.ndjson": "the tracking server's own log: whose position was asked for",
    "legal_desk.ndjson": "the legal desk's own log: the dossiers that were handed to it",
    "dead letters": "what was refused, as the bank sent it; our own headers about it are searched",
}
"""File or thing -> why it may hold what the bank told. Searched all the same, and counted apart."""
NOT_LOOKED_AT: Final = {
    "the bank's topics": "they hold what the bank sent, until Kafka's retention ends",
    "what providers keep": "they have what they were sent",
    "exports, bundles, proofs": "somebody asked for them, in files of his own",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are looked at at once. where: they are, or a trace in them is. allowed: the key of BY_DESIGN
    that lets them hold what they do."""

    place: str
    data: bytes = field(repr=False)
    where: str | Callable[[Trace], str]
    allowed: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Never with the value."""

    place: str
    where: str
    kind: str
    whose: str
    shape: str


@dataclass(slots=True)
class Looked:
    pieces: int = 0
    size: int = 0
    found: int = 0


@dataclass(slots=True)
class Report:
    """unopened: payloads of Temporal that no key of the ring opens; they were searched as they are."""

    values: int
    left_out: int
    looked: dict[str, Looked] = field(default_factory=dict)
    allowed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BY_DESIGN, 0))
    found: list[Found] = field(default_factory=list)
    unopened: int = 0

    def take(self, piece: Piece, traces: Traces) -> None:
        seen = traces.find(piece.data)
        if piece.allowed is not None:
            self.allowed[piece.allowed] += len(seen)
            return
        looked = self.looked.setdefault(piece.place, Looked())
        looked.pieces += 1
        looked.size += len(piece.data)
        looked.found += len(seen)
        for one in seen:
            where = piece.where if isinstance(piece.where, str) else piece.where(one)
            self.found.append(Found(piece.place, where, one.known.kind, one.known.whose, one.shape))

    def to_json(self) -> dict[str, Any]:
        return {
            "values": self.values,
            "left_out": self.left_out,
            "looked_at": {
                place: {"pieces": one.pieces, "bytes": one.size, "found": one.found}
                for place, one in self.looked.items()
            },
            "unopened": self.unopened,
            "by_design": self.allowed,
            "found": [
                {name: getattr(one, name) for name in ("place", "where", "kind", "whose", "shape")}
                for one in self.found
            ],
        }
