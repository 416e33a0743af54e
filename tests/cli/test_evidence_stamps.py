"""`recourse evidence` with a time stamp authority: stamped, kept beside, proved, and made up for later."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recourse.gateways.signing import Ed25519Signer
from tests.cli.conftest import Cli
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.gateways.stamping import Authority, served
from tests.integration.service.conftest import NOON

AT = datetime(2026, 11, 6, 4, 0, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@dataclass(frozen=True)
class Ledger:
    env: Mapping[str, Any]
    folder: Path
    key: str
    authority: Authority


@pytest.fixture
async def ledger(cli: Cli, authority: Authority, tmp_path: Path) -> AsyncIterator[Ledger]:
    authority.at, authority.answer, authority.status, authority.asked = AT, None, 200, 0
    outside = tmp_path / "outside"
    outside.mkdir()
    await cli("evidence", "keygen", tmp_path / "key", "--name", "ledger.example")
    async with served(authority) as url:
        env = {
            "RECOURSE_EVIDENCE_KEY_FILE": str(tmp_path / "key"),
            "RECOURSE_EVIDENCE_FOLDER": str(outside),
            "RECOURSE_EVIDENCE_TIMESTAMP_URL": url,
            "RECOURSE_EVIDENCE_TIMESTAMP_ROOTS": str(authority.roots(tmp_path / "roots.pem")),
            "RECOURSE_EVIDENCE_TIMESTAMP_EVERY_SECONDS": "0",
        }
        yield Ledger(env, outside, str(Ed25519Signer.read(tmp_path / "key").key), authority)


async def late(world: World, loan: str) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot(loan, at=NOON), overdue(loan, at=NOON)])


def checked(tmp_path: Path, program: str, proof: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """By a stranger, without any package."""
    path = tmp_path / "verify.py"
    path.write_text(program)
    return ran([sys.executable, "-I", "-S", str(path), str(proof), *more])


def ran(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


async def test_a_checkpoint_is_stamped_and_the_stamp_stands_beside_it(
    cli: Cli, world: World, ledger: Ledger, tmp_path: Path
) -> None:
    await late(world, "L-1")
    sealed = await cli.json("evidence", "seal", **ledger.env)
    assert (sealed["left_outside"], sealed["missed"]) == (True, {})
    name = f"{sealed['rows']:020d}"
    assert sorted(path.name for path in ledger.folder.iterdir()) == [f"{name}.note", f"{name}.tsr"]
    good = await cli.json("evidence", "verify", **ledger.env)
    stamped = {"size": sealed["rows"], "at": "2026-11-06T04:00:03+00:00"}
    assert (good["ok"], good["stamped"], good["stamps_unchecked"]) == (True, stamped, 0)
    told = await cli("evidence", "verify", **ledger.env)
    assert f"{sealed['rows']} of them stood by 2026-11-06T04:00:03Z" in told.stdout
    copy = tmp_path / "copy"
    copy.mkdir()
    assert (await cli("evidence", "checkpoint", "--out", copy, **ledger.env)).exit_code == 0
    for suffix in (".note", ".tsr"):
        assert (copy / f"{name}{suffix}").read_bytes() == (ledger.folder / f"{name}{suffix}").read_bytes()


async def test_a_proof_says_for_each_entry_by_when_it_stood_and_how_to_check_who_says_so(
    cli: Cli, world: World, ledger: Ledger, tmp_path: Path
) -> None:
    await late(world, "L-1")
    first = (await cli.json("evidence", "seal", **ledger.env))["rows"]
    ledger.authority.at = AT.replace(year=2027)
    await late(world, "L-2")
    await cli.json("evidence", "seal", **ledger.env)
    proof = tmp_path / "proof.json"
    assert (await cli("evidence", "prove", "L-1", "--out", proof, **ledger.env)).exit_code == 0
    program, files = (await cli("evidence", "verifier")).stdout, tmp_path / "files"
    files.mkdir()
    told = checked(tmp_path, program, proof, ledger.key, str(files))
    assert told.returncode == 0, told
    assert told.stdout.count("TIME") == 1  # the second stamp says nothing that the first did not
    assert f"stood by 2026-11-06T04:00:03Z, says a time stamp over {first}" in told.stdout
    (command,) = [line.split() for line in told.stdout.splitlines() if "openssl" in line]
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    roots = ledger.env["RECOURSE_EVIDENCE_TIMESTAMP_ROOTS"]
    command = [roots if word == "ROOTS.pem" else word for word in command]
    assert "Verification: OK" in ran(command).stdout


async def test_all_of_the_ledger_can_be_handed_out_and_says_nothing_of_any_row(
    cli: Cli, world: World, ledger: Ledger, tmp_path: Path
) -> None:
    await late(world, "L-1")
    size = (await cli.json("evidence", "seal", **ledger.env))["rows"]
    whole, program = tmp_path / "ledger.ndjson", (await cli("evidence", "verifier")).stdout
    assert (await cli("evidence", "prove", "--all", "--out", whole, **ledger.env)).exit_code == 0
    told = checked(tmp_path, program, whole, ledger.key)
    assert (told.returncode, told.stdout.splitlines()[-1]) == (
        0,
        f"GOOD  {size} entries, 0 fields shown, in the signed tree of {size} of ledger.example",
    )
    lines = whole.read_text().splitlines()
    assert len(lines) == size + 1
    assert "352017" not in whole.read_text()
    whole.write_text("\n".join([*lines[:2], lines[2].replace('"n":0', '"n":1'), *lines[3:]]) + "\n")
    told = checked(tmp_path, program, whole, ledger.key)
    assert (told.returncode, "BAD   entry 1 " in told.stdout) == (1, True)


@pytest.mark.parametrize("trouble", ["down", "nonsense"])
async def test_an_authority_in_trouble_holds_up_nothing_and_is_made_up_for(
    cli: Cli, world: World, ledger: Ledger, trouble: str
) -> None:
    await late(world, "L-1")
    if trouble == "down":
        ledger.authority.status = 503
    else:
        ledger.authority.answer = b"<html>"
    told = await cli.json("evidence", "seal", exit_code=1, **ledger.env)
    assert (told["rows"] > 0, list(told["missed"])) == (True, ["timestamp:127.0.0.1"])
    assert [path.suffix for path in ledger.folder.iterdir()] == [".note"]
    good = await cli.json("evidence", "verify", **ledger.env)
    assert (good["ok"], good["outside"], good["stamped"]) == (True, 1, None)
    ledger.authority.answer, ledger.authority.status = None, 200
    later = await cli.json("evidence", "seal", **ledger.env)
    assert (later["rows"], later["left_outside"]) == (0, True)
    assert sorted(path.suffix for path in ledger.folder.iterdir()) == [".note", ".tsr"]


async def test_a_folder_that_was_away_gets_the_stamps_it_missed(
    cli: Cli, world: World, ledger: Ledger
) -> None:
    away = ledger.folder.with_name("away")
    ledger.folder.rename(away)
    for loan in ("L-1", "L-2"):
        await late(world, loan)
        told = await cli.json("evidence", "seal", exit_code=1, **ledger.env)
        assert set(told["missed"]) == {f"folder:{ledger.folder}", f"folder:{ledger.folder}, time stamps"}
    assert (await cli("evidence", "verify", **ledger.env)).exit_code == 3
    away.rename(ledger.folder)
    assert (await cli.json("evidence", "seal", **ledger.env))["missed"] == {}
    assert sorted(path.suffix for path in ledger.folder.iterdir()) == [".note", ".note", ".tsr", ".tsr"]
    assert (await cli.json("evidence", "verify", **ledger.env))["ok"] is True


async def test_it_is_asked_no_oftener_than_the_setting_says(cli: Cli, world: World, ledger: Ledger) -> None:
    rare = {**ledger.env, "RECOURSE_EVIDENCE_TIMESTAMP_EVERY_SECONDS": "3600"}
    for loan in ("L-1", "L-2", "L-3"):
        await late(world, loan)
        assert (await cli.json("evidence", "seal", **rare))["left_outside"] is True
    assert ledger.authority.asked == 1
    await world.execute("UPDATE anchor SET recorded_at = now() - interval '2 hours'")
    await cli.json("evidence", "seal", **rare)
    assert ledger.authority.asked == 2
    newest = await world.scalar("SELECT max(size) FROM checkpoint")
    assert await world.scalar("SELECT max(size) FROM anchor WHERE place LIKE 'timestamp:%'") == newest


async def test_a_stamp_that_was_put_in_the_place_of_another_is_a_finding(
    cli: Cli, world: World, ledger: Ledger
) -> None:
    await late(world, "L-1")
    await cli.json("evidence", "seal", **ledger.env)
    (kept,) = ledger.folder.glob("*.tsr")
    kept.write_bytes(b"junk")
    await world.execute("UPDATE anchor SET receipt = sha256('x') WHERE place LIKE 'timestamp:%'")
    found = await cli.json("evidence", "verify", exit_code=1, **ledger.env)
    assert [one["problem"] for one in found["findings"]] == ["bad_stamp", "bad_stamp"]
    assert str(kept) in found["findings"][0]["detail"]


async def test_stamps_are_not_believed_without_roots_and_that_is_said(
    cli: Cli, world: World, ledger: Ledger
) -> None:
    await late(world, "L-1")
    await cli.json("evidence", "seal", **ledger.env)
    blind = {name: value for name, value in ledger.env.items() if "TIMESTAMP" not in name}
    result = await cli("evidence", "verify", **blind)
    assert (result.exit_code, "2 time stamps not checked" in result.stdout) == (0, True)
    stranger = Authority().roots(ledger.folder.with_name("other.pem"))
    wrong = {**ledger.env, "RECOURSE_EVIDENCE_TIMESTAMP_ROOTS": str(stranger)}
    found = await cli.json("evidence", "verify", exit_code=1, **wrong)
    assert {one["problem"] for one in found["findings"]} == {"bad_stamp"}


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("RECOURSE_EVIDENCE_TIMESTAMP_URL", "tsa.example", "must be an address"),
        ("RECOURSE_EVIDENCE_TIMESTAMP_URL", "http://user:word@", "must be an address"),
        ("RECOURSE_EVIDENCE_TIMESTAMP_ROOTS", "", "set RECOURSE_EVIDENCE_TIMESTAMP_ROOTS too"),
        ("RECOURSE_EVIDENCE_TIMESTAMP_ROOTS", "/nowhere", "/nowhere: No such file"),
        ("RECOURSE_EVIDENCE_TIMESTAMP_ROOTS", __file__, "no certificates in PEM"),
        ("RECOURSE_EVIDENCE_TIMESTAMP_EVERY_SECONDS", "-1", "greater than or equal to 0"),
        ("RECOURSE_EVIDENCE_EVERY_SECONDS", "0", "greater than 0"),
    ],
)  # fmt: skip
async def test_a_setting_that_is_wrong_is_named(
    cli: Cli, ledger: Ledger, setting: str, value: str, says: str
) -> None:
    result = await cli("evidence", "seal", **{**ledger.env, setting: value})
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert "word" not in result.stderr


# The doctor


async def examined(cli: Cli, ledger: Ledger, exit_code: int, **env: Any) -> dict[str, str]:
    """What is said of evidence -> how it is."""
    findings = await cli.json("doctor", exit_code=exit_code, **{**ledger.env, **env})
    return {one["says"]: one["state"] for one in findings if one["what"] == "evidence"}


async def test_the_doctor_tells_of_places_that_have_not_got_what_is_new(
    cli: Cli, world: World, ledger: Ledger
) -> None:
    await late(world, "L-1")
    await cli.json("evidence", "seal", **ledger.env)
    assert set((await examined(cli, ledger, 1)).values()) == {"ok"}  # 1: no worker runs in this deployment
    ledger.authority.status = 503
    await late(world, "L-2")
    await cli("evidence", "seal", **ledger.env)
    assert set((await examined(cli, ledger, 1)).values()) == {"ok"}  # a minute is nothing
    await world.execute("UPDATE checkpoint SET recorded_at = now() - interval '11 minutes'")
    found = await examined(cli, ledger, 1)
    bad = [says for says, state in found.items() if state != "ok"]
    assert len(bad) == 1
    assert bad[0].startswith("timestamp:127.0.0.1 is 1 checkpoints behind")


async def test_the_doctor_tells_of_an_authority_and_a_folder_that_are_away(cli: Cli, ledger: Ledger) -> None:
    away: dict[str, Any] = {
        "RECOURSE_EVIDENCE_TIMESTAMP_URL": "http://user:word@127.0.0.1:1/",
        "RECOURSE_EVIDENCE_FOLDER": str(ledger.folder / "none"),
    }
    found = await examined(cli, ledger, 3, **away)
    assert {"127.0.0.1 does not answer: ConnectError"} == {s for s, state in found.items() if state == "down"}
    assert [f"{ledger.folder / 'none'} cannot be read"] == [
        s for s, state in found.items() if state == "finding"
    ]
