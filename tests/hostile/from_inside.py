"""Attacks by thieves of a dump and by a superuser: on what is kept of people, and on the record."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from recourse.app.compose import key_ring, temporal
from recourse.app.privacy_scan import book_of
from recourse.app.scan_places import files
from recourse.app.scan_report import Report
from recourse.app.scan_temporal import histories
from recourse.contracts.wrapping import KeysUnavailable
from recourse.domain.ids import PersonId
from recourse.domain.privacy.key_ring import KeyRing
from recourse.domain.privacy.traces import Traces
from recourse.gateways.signing import Ed25519Signer
from recourse.reading import verify_evidence
from recourse.storage import people
from recourse.temporal import codec as temporal_codec
from tests.emptied import connected
from tests.hostile.attacks import attack
from tests.hostile.conftest import MINE, MOBILES, NAMES, THEIRS, Victim
from tests.integration.service.test_sealing import forged
from tests.keys import with_ring

# A dump

STOLEN = "takes a copy of the database, or a backup, without the key ring"
AT_TEMPORAL = "reads Temporal's database or a backup of it"


@attack("a stolen dump of every table", STOLEN, "nothing legible")
async def _stolen_dump(victim: Victim, folder: Path) -> str:
    """Each table as COPY writes it, as pg_dump has it, searched for every value of the book and every key."""
    dump = folder / "dump"
    dump.mkdir()
    thief = await connected(victim.cli.env["RECOURSE_DATABASE_OWNER_URL"])
    try:
        for (table,) in await thief.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            await thief.copy_from_table(table, output=dump / f"{table}.copy")
    finally:
        await thief.close()
    keys = Path(victim.cli.env["RECOURSE_PRIVACY_KEYS_FILE"]).read_text().split()
    everything = b"".join(path.read_bytes() for path in dump.iterdir())
    assert victim.loan(MINE).encode() in everything
    assert not [key for key in keys if len(key) > 40 and key.encode() in everything]
    traces = Traces(book_of(victim.book))
    report = Report(0, 0)
    for piece in files([dump], traces.overlap):
        report.take(piece, traces)
    return ", ".join(sorted({f"{one.kind} in {one.where}" for one in report.found})) or "nothing legible"


@attack("a stolen dump opened with a ring of the thief's", STOLEN, "KeysUnavailable")
async def _opened_by_a_thief(victim: Victim, _: Path) -> str:
    thief = with_ring(victim.world.services, KeyRing.new("thief"))
    try:
        async with thief.database.reading() as tx:
            return str(await people.name_of(tx, PersonId(f"C-{victim.loan(MINE)}")))
    except KeysUnavailable as error:
        return type(error).__name__


@attack("every history at Temporal, without and with its keys", AT_TEMPORAL, "nothing legible")
async def _histories(victim: Victim, _: Path) -> str:
    client, none = await temporal(victim.settings), temporal_codec.KeyRing.parse(temporal_codec.PLAIN)
    traces, told = Traces(book_of(victim.book)), []
    for ring in (none, key_ring(victim.settings)):
        report = Report(0, 0)
        async for piece in histories(client, ring, victim.prefix, report):
            report.take(piece, traces)
        assert report.looked["Temporal"].pieces > 10
        assert bool(report.unopened) is (ring is none)
        told += [f"{one.kind} in {one.where}" for one in report.found]
    return ", ".join(told) or "nothing legible"


# A terminal of operations

ON_A_TERMINAL = "does the same on a terminal"


@attack("a neighbour looked up on a terminal", ON_A_TERMINAL, "nobody is named")
async def _looked_up(victim: Victim, folder: Path) -> str:
    """By every command that shows something of a loan, without a token or with a guess; and the proof."""
    loan, case = victim.loan(MINE), victim.case(MINE)
    asked: list[tuple[str, ...]] = [
        ("dossier", loan),
        ("dossier", loan, "--json"),
        ("dossier", loan, "--readers"),
        ("dossier", loan, "--reveal", "audit"),
        ("borrowers-copy", loan),
        ("privacy", "export", f"C-{loan}"),
        ("dossier", loan, "--bundle", str(folder / "bundle.pdf")),
        ("documents", case, "--json"),
        ("cases", "show", case),
        ("explain", case),
    ]
    ran = [await victim.cli(*command, RECOURSE_TOKEN=f"rc_{'A' * 43}") for command in asked]
    said = "".join(one.output for one in ran) + (folder / "proof.json").read_text(encoding="utf-8")
    assert said.count(loan) > len(asked)
    named = [word for word in (NAMES[MINE], MOBILES[MINE][3:], "@example.com") if word in said]
    return ", ".join(named) or "nobody is named"


# The ledger

EDITED = "edits, deletes, inserts or re-orders rows as superuser"


async def verified(victim: Victim) -> str:
    """The first that is wrong, as operations are told."""
    result = await victim.cli("evidence", "verify", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code == 0) is told["ok"]
    return str(told["findings"][0]["problem"]) if told["findings"] else "nothing"


@attack("a fact edited as superuser", EDITED, "changed")
async def _edited_fact(victim: Victim, _: Path) -> str:
    await forged(victim.world, "UPDATE fact SET payload = '{}' WHERE kind = 'overdue'")
    return await verified(victim)


@attack("a proof edited before it is handed out", EDITED, "BAD")
async def _edited_proof(victim: Victim, folder: Path) -> str:
    """What the program for strangers says of it."""
    proof = folder / "proof.json"
    good = proof.read_text(encoding="utf-8")
    edited = good.replace(victim.loan(MINE), victim.loan(THEIRS))
    key = str(Ed25519Signer.read(Path(victim.cli.env["RECOURSE_EVIDENCE_KEY_FILE"])).key)
    said = []
    for name, text in (("good", good), ("edited", edited)):
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        command = [sys.executable, "-I", "-S", verify_evidence.__file__, str(folder / f"{name}.json"), key]
        ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        said.append((ran.stdout or ran.stderr).split()[0])
    assert said[0] == "GOOD"
    return said[1]
