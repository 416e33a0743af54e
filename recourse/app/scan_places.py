"""Where a scan for traces of people looks, piece by piece: files, addresses, topics and tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import httpx
from sqlalchemy import text

from consumers.dead_letter import PREFIX
from consumers.reading import every_record
from recourse.app.scan_report import ADDRESSES, BY_DESIGN, DATABASE, FILES, KAFKA, Piece
from recourse.app.settings import Settings, SettingsError
from recourse.domain.privacy.traces import Trace, Traces
from recourse.storage.database import Database

_CHUNK = 1 << 20
_ROWS = 200
_TABLES = text(
    "SELECT quote_ident(relname) FROM pg_class "
    "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)


def files(roots: Iterable[Path], overlap: int) -> Iterator[Piece]:
    """Every file, and every file in every folder. Raises SettingsError for one that cannot be read."""
    for root in roots:
        if not root.exists():
            raise SettingsError(f"{root} is not there; name folders with logs and other output")
        every = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for path in every:
            yield from _file(path, overlap)


def _file(path: Path, overlap: int) -> Iterator[Piece]:
    """In parts that overlap, so that no value is cut in two unseen."""
    allowed = path.name if path.name in BY_DESIGN else None
    lines, rest = 0, b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                data, before = rest + chunk, lines

                def name(trace: Trace, before: int = before) -> str:
                    return f"{path}:{before + trace.line}"

                yield Piece(FILES, data, name, allowed)
                rest = data[-overlap:]
                lines += data.count(b"\n", 0, len(data) - len(rest))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; read it as a user who may") from None


async def addresses(urls: Iterable[str]) -> AsyncIterator[Piece]:
    """What metrics and health endpoints answer, with their headers. Raises SettingsError."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        for url in urls:
            try:
                answer = await client.get(url)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise SettingsError(f"{url}: {type(error).__name__}; does it answer?") from None
            said = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            yield Piece(ADDRESSES, said.encode() + b"\n\n" + answer.content, url)


async def topics(settings: Settings) -> AsyncIterator[Piece]:
    """What Recourse writes: events that go out, and what it says of dead letters. Raises KafkaError."""
    names = settings.topics.topics()
    letters = {names.dead_letters(topic) for topic in names.lettered()}
    async for record in every_record(settings.kafka(), [names.case_events, *sorted(letters)]):
        where = f"{record.topic}/{record.partition}/{record.offset}"
        headers = [(name, raw or b"") for name, raw in record.headers]
        ours = [one for one in headers if record.topic not in letters or one[0].startswith(PREFIX)]
        kept = [record.key or b"", record.value or b""]
        theirs = [name.encode() + b": " + raw for name, raw in headers if (name, raw) not in ours]
        own = [name.encode() + b": " + raw for name, raw in ours]
        if record.topic in letters:
            yield Piece(KAFKA, b"\n".join([*kept, *theirs]), where, "dead letters")
            kept = []
        yield Piece(KAFKA, b"\n".join([*kept, *own]), where)


async def tables(database: Database, traces: Traces) -> AsyncIterator[Piece]:
    """Every row of every table as a dump has it, with the outbox and the evidence ledger. Raises
    Unavailable."""
    async with database.reading() as tx:
        for table in (await tx.execute(_TABLES)).scalars().all():
            rows = await tx.stream(text(f"SELECT row_to_json(t)::text FROM {table} t"))  # noqa: S608
            async for batch in rows.scalars().partitions(_ROWS):
                data = "\n".join(batch).encode()
                yield Piece(DATABASE, data, _Row(table, batch, traces))
                await asyncio.sleep(0)


class _Row:
    """Table, column and id of a row in which something was found."""

    def __init__(self, table: str, rows: Iterable[str], traces: Traces) -> None:
        self._table, self._rows, self._traces = table, list(rows), traces

    def __call__(self, trace: Trace) -> str:
        row = json.loads(self._rows[trace.line - 1])
        columns = [name for name, value in row.items() if self._is_in(trace, value)]
        keys = [f"{name}={row[name]}" for name in ("id", "loan_id", "person_id") if row.get(name)]
        return f"{self._table}.{', '.join(columns) or '?'} ({' '.join(keys)})"

    def _is_in(self, trace: Trace, value: object) -> bool:
        said = json.dumps(value, ensure_ascii=False).encode()
        return trace.known in {one.known for one in self._traces.find(said)}
