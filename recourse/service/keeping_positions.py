"""What becomes of a fix: how good it is, how precisely it is kept, for how long, and when it goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from recourse.contracts.cipher import PositionCipher
from recourse.domain.ids import LoanId
from recourse.domain.law.location import Terms
from recourse.domain.positions import Place, Precision, at_most
from recourse.ports import Fix
from recourse.service.context import Unit
from recourse.storage import cases, positions, steps
from recourse.storage.location_requests import RequestRow
from recourse.storage.positions import Heard, Reading
from recourse.storage.steps import StepRow

FRESH = timedelta(hours=48)
"""An older fix says where the car was, not where it is."""
AHEAD = timedelta(minutes=10)
"""A tracker's clock may be this much ahead; of one that is further ahead, the fix may be of any day."""


def fix_id(case_id: str, part: str) -> str:
    """part: the ladder's step, or the desk's reading, that it is of."""
    return f"fix-{case_id}-{part}"


def strictest(row: RequestRow, terms: Terms) -> Terms:
    """No finer than was granted, and than the stage of now allows."""
    exact = row.precision is Precision.EXACT and terms.precision is Precision.EXACT
    precision = Precision.EXACT if exact else Precision.COARSE
    return replace(terms, precision=precision, cell_km=max(row.cell_km, terms.cell_km))


async def keep(
    unit: Unit,
    cipher: PositionCipher,
    row: RequestRow,
    terms: Terms,
    fix: Fix,
    part: str,
    actor: str,
) -> str | None:
    """The quality of what was kept, as precisely as the terms allow; None where the same step was read
    before."""
    place = at_most(place_of(fix), terms.precision, terms.cell_km)
    # Satellites know no business calendar: an age is real time, by the database's clock.
    real_now = (await unit.tx.execute(select(func.clock_timestamp()))).scalar_one()
    quality = quality_of(fix, fix.age(real_now))
    reading = Reading(
        id=fix_id(row.case_id, part),
        case_id=row.case_id,
        request_id=row.id,
        purpose=row.purpose,
        basis=row.basis,
        actor=actor,
        precision=terms.precision,
        quality=quality,
        fix_time=fix.fix_time,
        received_time=fix.received_time,
        valid=fix.valid,
        carried_over=fix.carried_over,
        source=fix.source,
        source_datum=fix.source_datum,
        read_at=unit.now,
    )
    until = unit.now + timedelta(days=terms.keep_days)
    fresh = await positions.keep(
        unit.tx, cipher, reading, place, loan_id=row.loan_id, step_id=part, delete_after=until
    )
    return quality if fresh else None


def place_of(fix: Fix) -> Place:
    return Place(
        fix.latitude,
        fix.longitude,
        Precision.EXACT,
        speed_mps=fix.speed_mps,
        accuracy_m=fix.accuracy_m,
    )


def quality_of(fix: Fix, age: timedelta) -> str:
    """`fresh` is the only quality that counts as presence."""
    if fix.carried_over:
        return "carried_over"
    if not fix.valid or age < -AHEAD:
        return "invalid"
    return "fresh" if age <= FRESH else "stale"


async def recent(
    unit: Unit, cipher: PositionCipher, row: RequestRow, terms: Terms, within: timedelta
) -> Heard | None:
    """What the feed knows, where it was heard within the bound and is as precise as may be read."""
    heard = await positions.heard(unit.tx, cipher, row.loan_id)
    if heard is None:
        return None
    real_now: datetime = (await unit.tx.execute(select(func.clock_timestamp()))).scalar_one()
    precise = heard.place.precision is Precision.EXACT or terms.precision is Precision.COARSE
    return heard if precise and real_now - heard.heard_at <= within else None


def fix_of(heard: Heard) -> Fix:
    """As if the provider had been asked."""
    place, order = heard.place, heard.order
    return Fix(
        latitude=place.latitude,
        longitude=place.longitude,
        fix_time=order.fix_time,
        received_time=order.received_time,
        speed_mps=place.speed_mps,
        accuracy_m=place.accuracy_m,
        valid=order.valid,
        carried_over=order.carried_over,
        source_datum="WGS-84",
        source="traccar-feed",
        raw_sha256=order.digest,
    )


async def sweep(unit: Unit, limit: int) -> int:
    """Delete the places whose time is over. How many; the diary of each case says how many of its own."""
    gone = await positions.delete_due(unit.tx, unit.now, limit)
    for case_id, count in sorted(gone.items()):
        case = await cases.get(unit.tx, case_id)
        if case is not None:
            reason = f"{count} places deleted, whose time was over; that they were read stays"
            line = StepRow(
                LoanId(case.loan_id),
                case.id,
                case.decision,
                "positions_deleted",
                unit.now,
                reason,
                case.strategy,
            )
            await steps.append(unit.tx, replace(line, code=str(count), actor="system"))
    return sum(gone.values())
