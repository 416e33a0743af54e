"""`recourse privacy`: keys, what is held about a person, and his end by two persons."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recourse.contracts.events import BankEvent
from recourse.gateways.signing import Ed25519Signer
from recourse.reading import evidence_proof, verify_evidence
from recourse.service import tokens
from recourse.service.replying import Reply, take_reply
from tests import opened
from tests.cli.conftest import EMAIL, MOBILE, NAME, NOON, PLATE, Cli, sql
from tests.emptied import as_login
from tests.events import event, payment, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case
from tests.plain import found_in_plain

LONG_AGO = NOON - timedelta(days=7 * 366)
SAID = "我明天去柜台还款"


@pytest.fixture
def cli(cli: Cli) -> Cli:
    """Where there is one person; two are needed in `test_exports`."""
    return Cli({**cli.env, "RECOURSE_EXPORT_APPROVAL": "one_person"})


@pytest.fixture
def erasable(cli: Cli, tmp_path: Path) -> Cli:
    """A deployment that keeps a list of destroyed keys, and an evidence ledger."""
    key = tmp_path / "evidence.key"
    Ed25519Signer.new("ledger.example").write(key)
    more = {
        "RECOURSE_PRIVACY_ERASED_FILE": str(tmp_path / "erased"),
        "RECOURSE_EVIDENCE_KEY_FILE": str(key),
    }
    return Cli({**cli.env, **more})


def _ended() -> BankEvent:
    data = {"reason": "paid_off", "on": LONG_AGO.date().isoformat(), "sequence": 9}
    return event("L-1", "bank.loan.closed.v1", data, at=LONG_AGO)


async def _paid_off(world: World) -> None:
    """A loan that was overdue and paid off seven years ago, and a text that came in meanwhile."""
    world.set_now(LONG_AGO)
    await open_case(world)
    world.set_now(LONG_AGO)
    await world.services.run(partial(take_reply, reply=Reply(MOBILE[1:], SAID, "r-1")))
    await world.delivery.accept([payment("L-1", at=LONG_AGO, sequence=8), _ended()])
    await world.execute(f"UPDATE collection_case SET closed_at = '{LONG_AGO.isoformat()}'")


async def _lead(world: World) -> str:
    return (await world.services.run(partial(tokens.issue, role="lead", name="x"))).token


async def test_a_ring_is_made_for_its_owner_alone_and_never_written_over(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    assert (await cli("privacy", "keygen", file, "--id", "k1")).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    again = await cli("privacy", "keygen", file, "--id", "k2")
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    assert file.read_text() == before
    assert (await cli("privacy", "keygen", file, "--id", "k2", "--add", "wrap", "--in-use")).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [line.split()[:2] for line in file.read_text().splitlines()] == [
        ["wrap", "k1"],
        ["wrap", "k2"],
        ["index", "k1"],
    ]
    for secret in (line.split()[2] for line in file.read_text().splitlines()):
        assert secret not in again.output


async def test_the_ring_is_rotated_while_it_stands_in_use(cli: Cli, world: World, tmp_path: Path) -> None:
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    file = tmp_path / "keys"
    file.write_text(Path(cli.env["RECOURSE_PRIVACY_KEYS_FILE"]).read_text())
    anew: dict[str, Any] = {"RECOURSE_PRIVACY_KEYS_FILE": str(file)}
    for purpose in ("wrap", "index"):
        add = ("privacy", "keygen", str(file), "--id", "k2", "--add", purpose, "--in-use")
        assert (await cli(*add)).exit_code == 0
    told = await cli.json("privacy", "rotate", **anew)
    assert told == {
        "done": {"data keys": 2, "blind indexes": 3},
        "left": {"data keys": 0, "blind indexes": 0},
    }
    assert {row["wrapped_by"] for row in await world.rows("SELECT wrapped_by FROM data_key")} == {"k2"}
    assert (await cli("privacy", "export", "C-L-1", **anew)).exit_code == 0
    lost = await cli("privacy", "export", "C-L-1")  # by the ring without the new key
    assert (lost.exit_code, "no k2" in lost.stderr) == (3, True)


async def test_without_keys_every_command_says_which_setting_is_missing(cli: Cli, world: World) -> None:
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    none: dict[str, Any] = {"RECOURSE_PRIVACY_KEYS_FILE": None}
    read = await cli("privacy", "export", "C-L-1", **none)
    assert (read.exit_code, "RECOURSE_PRIVACY_KEYS_FILE" in read.stderr) == (3, True)
    findings = await cli.json("doctor", exit_code=3, **none)
    (found,) = [one for one in findings if one["what"] == "privacy"]
    assert (found["state"], "keygen" in found["says"]) == ("down", True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("RECOURSE_")} | dict(cli.env)
    del env["RECOURSE_PRIVACY_KEYS_FILE"]
    for command in ("consume", "web"):
        started = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "recourse.cli", command), env=env, stderr=asyncio.subprocess.PIPE
        )
        says = (await asyncio.wait_for(started.communicate(), 180))[1].decode()
        assert (started.returncode, "RECOURSE_PRIVACY_KEYS_FILE" in says) == (2, True)


async def test_what_is_held_is_given_out_whole_in_both_languages_and_the_reading_is_recorded(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    document = await cli.json("privacy", "export", "C-L-1", "--actor", "officer-1")
    assert document["who"]["name"] == NAME
    assert {point["value"] for point in document["contact_points"]} >= {MOBILE, EMAIL}
    assert document["loans"][0]["vehicle"]["details"]["plate"] == PLATE
    for language, title in (("zh", "我们持有的关于您的信息"), ("en", "What we hold about you")):
        text = (await cli("privacy", "export", "C-L-1", "--language", language)).stdout
        assert title in text
        assert [word for word in (NAME, MOBILE, EMAIL, PLATE) if word not in text] == []
        assert "_sealed" not in text
        file = tmp_path / language
        await cli("privacy", "export", "C-L-1", "--language", language, "--out", file)
        assert title in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    reads = await world.rows("SELECT actor, purpose FROM dossier_read ORDER BY id LIMIT 1")
    assert reads == [{"actor": "officer-1", "purpose": "privacy_export"}]
    assert (await cli("privacy", "export", "nobody")).exit_code == 2


async def test_two_persons_erase_whom_nothing_holds_any_more(
    erasable: Cli, world: World, tmp_path: Path
) -> None:
    await _paid_off(world)
    first, second = await _lead(world), await _lead(world)
    report = await erasable.json("privacy", "retention-report")
    assert [one["person_id"] for one in report["people"]] == ["C-L-1"]
    assert report["people"][0]["held_by"] == []
    preview = await erasable.json("privacy", "erase", "C-L-1", "--preview")
    assert (preview["may_go"], preview["destroys"]) == (True, ["person:C-L-1", "loan:L-1"])
    assert (await erasable("evidence", "seal")).exit_code == 0
    assert SAID in json.dumps(await _proof(erasable, world), ensure_ascii=False)
    erase = ("privacy", "erase", "C-L-1")
    assert (await erasable.json(*erase, RECOURSE_TOKEN=first))["state"] == "proposed"
    alone = await erasable(*erase, "--approve", RECOURSE_TOKEN=first)
    assert (alone.exit_code, "another person" in alone.stderr) == (2, True)
    done = await erasable.json(*erase, "--approve", RECOURSE_TOKEN=second)
    assert sorted((tmp_path / "erased").read_text().split()) == sorted(done["key_ids"])
    assert await found_in_plain(world, (NAME, MOBILE, EMAIL, PLATE)) == {}
    shown = (await erasable("dossier", "L-1", "--reveal", "audit", "--json", RECOURSE_TOKEN=first)).stdout
    assert "repayment" in shown
    assert [word for word in (NAME, MOBILE, EMAIL, PLATE) if word in shown] == []
    assert (await erasable("privacy", "check")).exit_code == 0
    # What was done is proved as before, and nobody reads what was said.
    assert (await erasable("evidence", "seal")).exit_code == 0
    verified = await erasable("evidence", "verify")
    assert (verified.exit_code, "all is as it was sealed" in verified.stdout) == (0, True)
    proof = await _proof(erasable, world)
    assert SAID not in json.dumps(proof, ensure_ascii=False)
    assert any(one["entry"]["kind"] == "contact_attempt" and one["shown"] for one in proof["entries"])


async def _proof(cli: Cli, world: World) -> Any:
    """With all that can be shown, as it goes to a court; the program for strangers finds it good."""
    async with world.services.database.reading() as tx:
        proof = await evidence_proof.prove(tx, await evidence_proof.chains_of(tx, "L-1"))
    key = str(Ed25519Signer.read(Path(cli.env["RECOURSE_EVIDENCE_KEY_FILE"])).key)
    assert verify_evidence.proved(proof, key).problems == []
    return proof


async def test_whom_something_holds_is_refused_with_all_its_reasons(erasable: Cli, world: World) -> None:
    await open_case(world)
    refused = await erasable.json("privacy", "erase", "C-L-1", RECOURSE_TOKEN=await _lead(world), exit_code=1)
    assert {one["why"] for one in refused["refused"]} == {"loan_not_ended", "case_open", "period_runs"}
    table = (await erasable("privacy", "erase", "C-L-1", "--preview")).stdout
    assert "case_open" in table
    assert "消费金融公司管理办法" in table


async def test_a_restored_backup_is_found_and_its_people_are_sent_away_again(
    erasable: Cli, world: World
) -> None:
    await _paid_off(world)
    owner = as_login(erasable.env["RECOURSE_DATABASE_URL"], "postgres")
    before = await sql(owner, "SELECT subject, wrapped FROM data_key")
    for token in (await _lead(world), await _lead(world)):
        approve = ("--approve",) if await world.scalar("SELECT count(*) FROM erasure") else ()
        assert (await erasable("privacy", "erase", "C-L-1", *approve, RECOURSE_TOKEN=token)).exit_code == 0
    for row in before:
        await sql(
            owner,
            "UPDATE data_key SET wrapped = :wrapped, destroyed_at = NULL WHERE subject = :subject",
            **row,
        )
    found = await erasable("privacy", "check")
    assert (found.exit_code, "old backup" in found.stdout) == (1, True)
    assert (await erasable("privacy", "check", "--apply")).exit_code == 1
    assert (await erasable("privacy", "check")).exit_code == 0
    assert await world.scalar("SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL") == 0
    assert await opened.name_of(world, "C-L-1") is None


async def test_without_a_list_outside_nobody_is_erased(cli: Cli, world: World) -> None:
    await _paid_off(world)
    refused = await cli("privacy", "erase", "C-L-1", RECOURSE_TOKEN=await _lead(world))
    assert (refused.exit_code, "RECOURSE_PRIVACY_ERASED_FILE" in refused.stderr) == (2, True)


async def test_rows_from_before_are_sealed_by_one_command(cli: Cli, world: World) -> None:
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    await world.execute(f"UPDATE party SET name = '{NAME}', name_sealed = NULL")
    findings = await cli.json("doctor", exit_code=1)
    assert any("1 of party" in one["says"] for one in findings)
    told = await cli.json("privacy", "seal")
    assert told["done"]["party"] == 1
    assert await found_in_plain(world, (NAME,)) == {}
    assert await opened.name_of(world, "C-L-1") == NAME
