"""`recourse privacy scan`: whether what Recourse writes holds a value of the loan book it should not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recourse.app import scan_places
from recourse.app.compose import key_ring, services, temporal
from recourse.app.scan_report import Piece, Report
from recourse.app.scan_temporal import histories
from recourse.app.settings import Settings
from recourse.contracts.events import BankEvent, LoanSnapshot
from recourse.contracts.events.models import Person, Vehicle
from recourse.domain.privacy.traces import Known, Traces


@dataclass(frozen=True, slots=True)
class Look:
    """files: files and folders. urls: of metrics, say."""

    files: Sequence[Path] = ()
    urls: Sequence[str] = ()


def book_of(events: Iterable[BankEvent]) -> list[Known]:
    """What the bank told of people and their vehicles; an id, which may stand anywhere, is none of it."""
    snapshots = [(one.subject, one.data) for one in events if isinstance(one.data, LoanSnapshot)]
    people = [p for _, told in snapshots for p in (told.borrower, *told.related_parties)]
    ids = {loan for loan, _ in snapshots} | {person.id for person in people}
    found = [known for person in people for known in _of_person(person)]
    found += [known for loan, told in snapshots if told.vehicle for known in _of_vehicle(loan, told.vehicle)]
    return [known for known in dict.fromkeys(found) if known.text not in ids]


def _of_person(person: Person) -> Iterator[Known]:
    told = {"name": person.name, "national id": person.national_id, "employer": person.employer}
    yield from (Known(kind, person.id, text) for kind, text in told.items() if text)
    yield from (Known(point.kind, person.id, point.value) for point in person.contact_points)
    yield from (Known("address", person.id, one.text) for one in person.addresses if one.text)


def _of_vehicle(loan: str, vehicle: Vehicle) -> Iterator[Known]:
    told = {
        "plate": vehicle.plate,
        "vin": vehicle.vin,
        "engine number": vehicle.engine_number,
        "mortgage registration": vehicle.mortgage_registration,
        "device": vehicle.gps and vehicle.gps.device_id,
    }
    yield from (Known(kind, loan, text) for kind, text in told.items() if text)


async def scanned(settings: Settings, book: Iterable[Known], look: Look) -> Report:
    """Raises SettingsError, Unavailable, RunsUnavailable and KafkaError: what cannot be looked at is no
    success."""
    known = list(book)
    traces = Traces(known)
    report = Report(len(known), len(traces.left_out))
    async for piece in _everywhere(settings, look, traces, report):
        report.take(piece, traces)
    return report


async def _everywhere(settings: Settings, look: Look, traces: Traces, report: Report) -> AsyncIterator[Piece]:
    for piece in scan_places.files(look.files, traces.overlap):
        yield piece
    async for piece in scan_places.addresses(look.urls):
        yield piece
    async for piece in scan_places.topics(settings):
        yield piece
    client = await temporal(settings)
    async for piece in histories(client, key_ring(settings), settings.queue_prefix, report):
        yield piece
    async with services(settings) as running:
        async for piece in scan_places.tables(running.database, traces):
            yield piece
