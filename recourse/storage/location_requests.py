"""Leaves to read where a vehicle is: by whom, for what, on which basis, until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.positions import LocationRequest, Precision
from recourse.storage import people, vault
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given
from recourse.storage.tables import location_request, vehicle


@dataclass(frozen=True, slots=True)
class RequestRow:
    """basis: `consent`, or the code of a law pack's rule; basis_proof: the day of the consent as the bank
    names it, or the rule's source. granted_by, ended_by: actors, or `system`. Instants are business time."""

    id: str
    loan_id: LoanId
    case_id: CaseId
    purpose: str
    basis: str
    basis_proof: str
    precision: Precision
    cell_km: int
    granted_by: str
    granted_at: datetime
    granted_until: datetime
    ended_at: datetime | None = None
    ended_code: str | None = None
    ended_by: str | None = None

    @property
    def asked(self) -> LocationRequest:
        """As the gate is asked about it."""
        return LocationRequest(
            self.id, self.purpose, self.precision, self.cell_km, self.granted_until, self.ended_code
        )

    def running(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.granted_until


_COLUMNS = [location_request.c[name] for name in RequestRow.__dataclass_fields__]
_NOT_ENDED = (
    select(*_COLUMNS)
    .where(among_given(location_request.c.case_id, "cases"), location_request.c.ended_at.is_(None))
    .order_by(location_request.c.granted_at, location_request.c.id)
)


def _row(mapping: RowMapping) -> RequestRow:
    values = dict(mapping)
    return RequestRow(**values | {"precision": Precision(values["precision"])})


async def add(tx: Tx, row: RequestRow) -> None:
    values = {name: getattr(row, name) for name in RequestRow.__dataclass_fields__}
    await tx.execute(insert(location_request).values(values))


async def get(tx: Tx | ReadTx, key: str) -> RequestRow | None:
    mine = select(*_COLUMNS).where(location_request.c.id == key)
    found = (await tx.execute(mine)).mappings().first()
    return _row(found) if found else None


async def not_ended(tx: Tx | ReadTx, case_ids: Iterable[CaseId]) -> dict[CaseId, list[RequestRow]]:
    """Of each case, the oldest first. One whose time is over may be among them: nobody ended it."""
    found: dict[CaseId, list[RequestRow]] = defaultdict(list)
    for mapping in (await tx.execute(_NOT_ENDED, {"cases": list(case_ids)})).mappings():
        row = _row(mapping)
        found[row.case_id].append(row)
    return found


async def listed(
    tx: ReadTx, now: datetime, *, case_id: CaseId | None = None, running: bool = True, limit: int = 200
) -> list[RequestRow]:
    """The newest first; of one case, or of all."""
    c = location_request.c
    wanted = select(*_COLUMNS).order_by(c.granted_at.desc(), c.id).limit(limit)
    if case_id is not None:
        wanted = wanted.where(c.case_id == case_id)
    if running:
        wanted = wanted.where(c.ended_at.is_(None), c.granted_until > now)
    return [_row(mapping) for mapping in (await tx.execute(wanted)).mappings()]


async def expired(tx: Tx, now: datetime, limit: int) -> list[RequestRow]:
    """Whose time is over, and that nobody has ended."""
    c = location_request.c
    over = select(*_COLUMNS).where(c.ended_at.is_(None), c.granted_until <= now)
    rows = await tx.execute(over.order_by(c.granted_until, c.id).limit(limit))
    return [_row(mapping) for mapping in rows.mappings()]


async def change(tx: Tx, key: str, **values: Any) -> None:
    await tx.execute(update(location_request).where(location_request.c.id == key).values(values))


@dataclass(frozen=True, slots=True)
class Tracker:
    """device_id: as the provider knows it; goes to the provider and nowhere else. consented_on: as the bank
    names the day; None where it names none."""

    device_id: str | None
    consented_on: date | None


async def tracker_of(tx: Tx | ReadTx, loan_id: LoanId) -> Tracker:
    mine = select(vehicle.c.gps_consent_on).where(vehicle.c.loan_id == loan_id)
    found = (await tx.execute(mine)).first()
    if found is None:
        return Tracker(None, None)
    return Tracker(await people.tracker_of(tx, loan_id), found.gps_consent_on)


@dataclass(frozen=True, slots=True)
class Watched:
    """A vehicle that may be located now. precision, cell_km: the finest that a running request allows."""

    loan_id: LoanId
    device_id: str
    precision: Precision
    cell_km: int


async def watched(tx: Tx, devices: Sequence[str], now: datetime) -> dict[str, list[Watched]]:
    """By device, those of these with a running request; two loans may have one vehicle. The requests stay as
    they are until the end of the transaction: who ends one waits, and then forgets what was kept under it."""
    device_of = await _running_trackers(tx, frozenset(devices), now)
    c = location_request.c
    rows = await tx.execute(
        select(c.loan_id, c.precision, c.cell_km)
        .where(among(c.loan_id, device_of), c.ended_at.is_(None), c.granted_until > now)
        .order_by(c.loan_id, c.id)
        .with_for_update(read=True)
    )
    finest: dict[tuple[str, LoanId], Watched] = {}
    for loan_id, precision, cell_km in rows:
        device_id = device_of[loan_id]
        place = (device_id, loan_id)
        one = Watched(loan_id, device_id, Precision(precision), cell_km)
        known = finest.get(place)
        if known is None or _finer(one, known):
            finest[place] = one
    found: dict[str, list[Watched]] = defaultdict(list)
    for (device_id, _), one in finest.items():
        found[device_id].append(one)
    return found


async def _running_trackers(tx: Tx, wanted: frozenset[str], now: datetime) -> dict[LoanId, str]:
    """Loan -> tracker, where it is one of these. A tracker's id is sealed, so all that may be located are
    opened: as many as there are running requests, and no more."""
    c, v = location_request.c, vehicle.c
    running = (
        select(v.loan_id, v.gps_device_id, v.gps_device_sealed)
        .join(location_request, c.loan_id == v.loan_id)
        .where(c.ended_at.is_(None), c.granted_until > now)
        .distinct()
    )
    rows = (await tx.execute(running)).all()
    keys = await vault.keys_of(tx, [vault.loan(row.loan_id) for row in rows])
    found: dict[LoanId, str] = {}
    for loan_id, plain, sealed in rows:
        device = keys.open_text(people.vehicle_place(loan_id, "gps_device_id"), sealed) or plain
        if device in wanted:
            found[LoanId(loan_id)] = device
    return found


def _finer(one: Watched, other: Watched) -> bool:
    if one.precision is not other.precision:
        return one.precision is Precision.EXACT
    return one.cell_km < other.cell_km
