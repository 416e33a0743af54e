"""`recourse privacy scan`: a system at work leaves no trace of anybody, and what was left is found."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from aiokafka import AIOKafkaProducer
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from consumers.dead_letter import PREFIX
from recourse.contracts.search import REGION
from recourse.temporal.codec import KeyRing
from recourse.temporal.converter import sealed_converter
from recourse.temporal.setup import register_search_attributes
from tests.cli.conftest import NOON, Cli, Town, lines, sql
from tests.events import snapshot

NAMES = ("赵一鸣", "钱二虎", "孙三娘", "李四光", "周五常", "吴六奇", "郑七星", "王八斗", "冯九思", "陈十全")
LOG, PAGE, OUT, LETTER, ID, MEMO, INPUT, ATTRIBUTE, ENDED, BYTES = (f"C-{n}" for n in range(len(NAMES)))
NESTED, IN_JSON = "C-10", "C-11"
PLACES = {
    "files": {LOG},
    "addresses": {PAGE},
    "Kafka": {OUT, LETTER},
    "Temporal": {ID, MEMO, INPUT, ATTRIBUTE, ENDED},
    "PostgreSQL": {BYTES, NESTED, IN_JSON},
}


async def test_a_deployment_at_work_leaves_no_trace_of_anybody(town: Town) -> None:
    logs = [
        part for name in ("consume", "worker", "relay") for part in ("--in", town.scratch / f"{name}.log")
    ]
    report = await town.cli.json("privacy", "scan", town.scratch / "town.ndjson", *logs)
    assert report["found"] == []
    assert report["unopened"] == 0
    looked = report["looked_at"]
    assert sorted(looked) == ["Kafka", "PostgreSQL", "Temporal", "files"]
    assert all(one["pieces"] and one["bytes"] for one in looked.values())
    # Every run of the town, with every event of it.
    assert looked["Temporal"]["pieces"] > 8 * 5


def value(person: str) -> str:
    n = int(person[2:])
    return NAMES[n] if n < len(NAMES) else f"+86139000070{n}"


@pytest.fixture
async def page() -> AsyncIterator[str]:
    """Somebody's metrics, with a value in a label."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = f'calls_total{{who="{value(PAGE)}"}} 1\n'.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/metrics"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    events = [
        *(snapshot(f"L-{n}", at=NOON, person=f"C-{n}", name=name, mobile=None, email=None, device=None)
          for n, name in enumerate(NAMES)),
        *(snapshot(f"L-{n}", at=NOON, person=f"C-{n}", mobile=f"+86139000070{n}", email=None, device=None)
          for n in (10, 11)),
    ]  # fmt: skip
    return lines(tmp_path / "book.ndjson", *events)


async def _kafka(cli: Cli) -> None:
    out, letters = cli.env["RECOURSE_TOPICS__CASE_EVENTS"], cli.env["RECOURSE_TOPICS__LOANS"] + ".dlq"
    async with AIOKafkaProducer(bootstrap_servers=cli.env["RECOURSE_KAFKA_BROKERS"]) as producer:
        await producer.send_and_wait(out, json.dumps({"note": value(OUT)}).encode(), key=b"L-2")
        said = [(PREFIX + "message", f"must not be {value(LETTER)}".encode())]
        # What the bank sent may say so; what we say of it may not.
        await producer.send_and_wait(letters, value(LOG).encode(), key=b"L-3", headers=said)


async def _temporal(cli: Cli) -> None:
    """By a client with the keys, as a fault of ours would: what is kept is encrypted, and found."""
    ring = KeyRing.parse(Path(cli.env["RECOURSE_TEMPORAL_KEYS_FILE"]).read_text())
    client = await Client.connect(cli.env["TEMPORAL_ADDRESS"], data_converter=sealed_converter(ring))
    await register_search_attributes(client)
    handle = await client.start_workflow(
        "NobodyRunsIt",
        {"said": [{"to": value(INPUT)}]},
        id=f"case-{cli.env['RECOURSE_QUEUE_PREFIX']}-{quote(value(ID))}",
        task_queue=f"{cli.env['RECOURSE_QUEUE_PREFIX']}-cases",
        memo={"about": value(MEMO)},
        search_attributes=TypedSearchAttributes([SearchAttributePair(REGION, value(ATTRIBUTE))]),
    )
    await handle.terminate(reason=f"{value(ENDED)} asked for it")


async def _database(url: str) -> None:
    nested = base64.b64encode(json.dumps({"to": value(NESTED)}).encode()).decode()
    await sql(url, "INSERT INTO rule_set (digest, rules) VALUES ('d', :r)", r=json.dumps({"n": nested}))
    receipt = "INSERT INTO provider_receipt (provider_ref, state, at) VALUES (:r, 'x', now())"
    await sql(url, receipt, r=value(IN_JSON))
    await sql(url, "INSERT INTO seal_node (level, index, hash) VALUES (9, 9, :h)", h=value(BYTES).encode())


async def test_a_value_is_found_in_every_place_and_named_without_being_shown(
    cli: Cli, book: Path, page: str, database_url: str, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "web.log").write_text(f'{{"event": "GET", "path": "/api/cases?q={quote(value(LOG))}"}}\n')
    # An end of the outside world has what it was sent.
    (logs / "smsc.ndjson").write_text(json.dumps({"to": value(NESTED), "text": value(LOG)}) + "\n")
    await asyncio.gather(_kafka(cli), _temporal(cli), _database(database_url))
    result = await cli("privacy", "scan", book, "--in", logs, "--url", page, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    found: dict[str, set[str]] = {}
    for one in report["found"]:
        found.setdefault(one["place"], set()).add(one["whose"])
    assert found == PLACES
    where = {one["whose"]: one["where"] for one in report["found"]}
    assert where[LOG] == f"{logs}/web.log:1"
    assert where[PAGE] == page
    assert where[LETTER].startswith(cli.env["RECOURSE_TOPICS__LOANS"] + ".dlq/")
    assert "event 1" in where[INPUT]
    assert where[BYTES] == "seal_node.hash ()"
    assert where[IN_JSON].startswith("provider_receipt.provider_ref (id=")
    assert where[NESTED].startswith("rule_set.rules")
    assert report["by_design"] == {
        "smtp.ndjson": 0, "smsc.ndjson": 2, "traccar.ndjson": 0, "legal_desk.ndjson": 0, "dead letters": 1,
    }  # fmt: skip
    shown = result.output + (await cli("privacy", "scan", book, "--in", logs, "--url", page)).output
    assert [one for one in where if value(one) in shown and one != ID] == []


async def test_a_value_that_lies_across_two_parts_of_a_file_is_found_once_and_by_its_line(
    desk: Cli, tmp_path: Path
) -> None:
    from recourse.app import scan_places
    from recourse.app.scan_report import Report
    from recourse.domain.privacy.traces import Known, Traces

    line = b"x" * 62 + b"\n"
    data = (line * (1 << 15))[: (1 << 20) - 5] + "王建国\n".encode() + line
    (tmp_path / "long.log").write_bytes(data)
    traces, report = Traces([Known("name", "C-1", "王建国")]), Report(1, 0)
    for piece in scan_places.files([tmp_path / "long.log"], traces.overlap):
        report.take(piece, traces)
    number = data[: data.index("王".encode())].count(b"\n") + 1
    assert [one.where for one in report.found] == [f"{tmp_path}/long.log:{number}"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no snapshot in it names anybody"),
        ("not an event\n", "not a file of the bank's events"),
        (None, "No such file"),
    ],
)
async def test_a_book_that_could_find_nothing_is_no_success(
    desk: Cli, tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "book"
    if content is not None:
        path.write_text(content)
    result = await desk("privacy", "scan", path)
    assert result.exit_code == 2
    assert says in result.output


async def test_a_folder_that_is_not_there_is_no_success(desk: Cli, book: Path, tmp_path: Path) -> None:
    result = await desk("privacy", "scan", book, "--in", tmp_path / "nowhere")
    assert (result.exit_code, "is not there" in result.output) == (2, True)
