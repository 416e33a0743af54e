"""Taking positions of the feed: those of vehicles that may be located now, and of these the newest.

What a tracker says while nobody has leave to read it is dropped unread. What is kept is no reading: nobody
has seen it. A reading under a request takes it from here, through the gate and with a line in the diary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select

from recourse.contracts.cipher import PositionCipher
from recourse.domain.ids import LoanId
from recourse.domain.positions import FixOrder, Place, at_most
from recourse.ports import Fix
from recourse.service.context import Unit
from recourse.service.keeping_positions import AHEAD, place_of
from recourse.storage import location_requests, positions

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Taken:
    """Records of a batch: kept as the newest of their vehicle, older than what is known (or of a clock far
    ahead), and dropped unread."""

    kept: int = 0
    old: int = 0
    unread: int = 0


async def take(
    unit: Unit,
    cipher: PositionCipher,
    records: Mapping[str, Sequence[Record]],
    read: Callable[[Record], Fix | None],
) -> Taken:
    """records: by device. read: called for those that may be located alone; None for what cannot be read.
    Safe to repeat, in any order: the newest fix stays."""
    watched = await location_requests.watched(unit.tx, sorted(records), unit.now)
    # A tracker's clock is compared with the real one.
    real_now: datetime = (await unit.tx.execute(select(func.clock_timestamp()))).scalar_one()
    newest: dict[LoanId, tuple[Place, FixOrder]] = {}
    taken = 0
    for device, vehicles in watched.items():
        for record in records[device]:
            fix = read(record)
            if fix is None:
                continue
            taken += 1
            order = order_of(fix)
            if -fix.age(real_now) > AHEAD:
                continue  # else it would be the newest for as long as its clock is ahead
            for one in vehicles:
                known = newest.get(one.loan_id)
                if known is None or order.newer_than(known[1]):
                    newest[one.loan_id] = at_most(place_of(fix), one.precision, one.cell_km), order
    fixes = [(loan_id, place, order) for loan_id, (place, order) in newest.items()]
    kept = await positions.hear(unit.tx, cipher, fixes)
    unread = sum(len(mine) for device, mine in records.items() if device not in watched)
    return Taken(kept, max(taken - kept, 0), unread)


def order_of(fix: Fix) -> FixOrder:
    return FixOrder(fix.fix_time, fix.carried_over, fix.valid, fix.received_time, fix.raw_sha256)
