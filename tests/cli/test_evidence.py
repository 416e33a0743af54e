"""`recourse evidence`: as operations, and a stranger with a proof in hand, would use it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from recourse.gateways.signing import Ed25519Signer
from recourse.service.replying import Reply, take_reply
from tests.cli.conftest import MOBILE, PERSONAL, Cli
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON


@pytest.fixture
async def loan(world: World) -> str:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON), overdue("L-1", at=NOON)])
    return "L-1"


@pytest.fixture
async def key(cli: Cli, tmp_path: Path) -> Mapping[str, Any]:
    """The settings of a ledger that is signed and has a folder outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    result = await cli("evidence", "keygen", tmp_path / "key", "--name", "ledger.example")
    assert result.stdout.startswith("ledger.example+")
    return {
        "RECOURSE_EVIDENCE_KEY_FILE": str(tmp_path / "key"),
        "RECOURSE_EVIDENCE_FOLDER": str(outside),
    }


async def test_sealed_verified_proved_and_checked_by_a_stranger(
    cli: Cli, loan: str, key: Mapping[str, Any], tmp_path: Path
) -> None:
    sealed = await cli.json("evidence", "seal", **key)
    assert sealed["left_outside"] is True
    assert sealed["rows"] >= 3
    good = await cli.json("evidence", "verify", **key)
    assert (good["ok"], good["size"], good["outside"]) == (True, sealed["rows"], 1)
    proof, program = tmp_path / "proof.json", tmp_path / "verify.py"
    assert (await cli("evidence", "prove", loan, "--out", proof, **key)).exit_code == 0
    program.write_text((await cli("evidence", "verifier")).stdout)
    public = (await cli.json("evidence", "keygen", tmp_path / "other", "--name", "x"))["key"]
    mine = (tmp_path / "key").read_text()
    checked = [_check(program, proof, name) for name in (_public(key), public)]
    assert checked[0].stdout.startswith("GOOD  "), checked[0]
    assert (checked[0].returncode, checked[1].returncode) == (0, 1)
    assert "PRIVATE" in mine
    assert "PRIVATE" not in proof.read_text()


def _check(program: Path, proof: Path, key: str) -> subprocess.CompletedProcess[str]:
    """Without any package and without Recourse."""
    command = [sys.executable, "-I", "-S", str(program), str(proof), key]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _public(key: Mapping[str, Any]) -> str:
    return str(Ed25519Signer.read(Path(key["RECOURSE_EVIDENCE_KEY_FILE"])).key)


async def test_what_is_hidden_is_not_in_the_proof(cli: Cli, loan: str, key: Mapping[str, Any]) -> None:
    await cli("evidence", "seal", **key)
    whole = await cli("evidence", "prove", loan, **key)
    less = await cli("evidence", "prove", loan, "--hide", "payload", "--hide", "inputs", **key)
    assert "352017" in whole.stdout
    assert "352017" not in less.stdout
    assert len(json.loads(less.stdout)["entries"]) == len(json.loads(whole.stdout)["entries"])


async def test_a_proof_says_of_nobody_who_he_is_or_what_was_said_and_who_made_it_is_kept(
    cli: Cli, world: World, loan: str, key: Mapping[str, Any], tmp_path: Path
) -> None:
    """Also of a row from before there were keys, which holds a text in plain."""
    said = "我明天去柜台还款"
    for number, message in enumerate((said, "and in plain")):
        await world.services.run(partial(take_reply, reply=Reply(MOBILE[1:], message, f"r-{number}")))
    await world.execute(
        "UPDATE contact_attempt SET content = 'and in plain', content_sealed = NULL WHERE id = "
        "(SELECT max(id) FROM contact_attempt)"
    )
    await cli("evidence", "seal", **key)
    proof, program = tmp_path / "proof.json", tmp_path / "verify.py"
    made = await cli("evidence", "prove", loan, "--as", "auditor-7", "--out", proof, **key)
    assert made.exit_code == 0, made.output
    text = proof.read_text()
    assert [word for word in (*PERSONAL, said, "and in plain") if word in text] == []
    assert '"contact_attempt"' in text
    program.write_text((await cli("evidence", "verifier")).stdout)
    assert _check(program, proof, _public(key)).returncode == 0
    assert await world.rows("SELECT loan_id, actor, via, purpose FROM dossier_read") == [
        {"loan_id": loan, "actor": "auditor-7", "via": "cli", "purpose": "evidence-proof"}
    ]


async def test_a_changed_row_is_a_finding_that_names_it(
    cli: Cli, world: World, loan: str, key: Mapping[str, Any]
) -> None:
    await cli("evidence", "seal", **key)
    await world.execute("UPDATE step SET reason = 'all was well'")
    result = await cli("evidence", "verify", **key)
    assert result.exit_code == 1
    assert "changed" in result.stdout
    found = await cli.json("evidence", "verify", exit_code=1, **key)
    assert {(finding["problem"], finding["kind"]) for finding in found["findings"]} == {("changed", "step")}


async def test_a_ledger_that_was_rewritten_is_told_by_the_folder_outside(
    cli: Cli, world: World, loan: str, key: Mapping[str, Any]
) -> None:
    await cli("evidence", "seal", **key)
    await world.execute("TRUNCATE seal, seal_secret, seal_node, checkpoint, anchor")
    await world.execute("INSERT INTO unsealed (kind, ref, chain) SELECT 'fact', id::text, loan_id FROM fact")
    await world.execute("INSERT INTO unsealed (kind, ref, chain) SELECT 'step', id::text, case_id FROM step")
    await world.execute(
        "INSERT INTO unsealed (kind, ref, chain) SELECT 'rule_set', digest, 'rules-' || digest FROM rule_set"
    )
    again = await cli("evidence", "seal", **key)
    assert again.exit_code == 1
    assert "refused: another_tree" in again.stderr
    inside = await cli.json("evidence", "verify", **({**key, "RECOURSE_EVIDENCE_FOLDER": ""}))
    assert inside["ok"] is True
    found = await cli.json("evidence", "verify", exit_code=1, **key)
    assert [finding["problem"] for finding in found["findings"]] == ["other_tree"]


async def test_who_has_no_checkpoint_from_outside_is_told_what_that_means(
    cli: Cli, loan: str, key: Mapping[str, Any]
) -> None:
    inside = {**key, "RECOURSE_EVIDENCE_FOLDER": ""}
    await cli("evidence", "seal", **inside)
    result = await cli("evidence", "verify", **inside)
    assert result.exit_code == 0
    assert "No checkpoint from outside" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("evidence", "seal"), 2, "RECOURSE_EVIDENCE_KEY_FILE: missing"),
        (("evidence", "verify"), 2, "RECOURSE_EVIDENCE_KEY_FILE: missing"),
        (("evidence", "verify", "--key", "nonsense"), 2, "--key: key: is no"),
        (("evidence", "checkpoint"), 1, "nothing is sealed yet"),
        (("evidence", "prove", "L-404"), 2, "there is no such case or loan"),
        (("evidence", "prove", "L-1"), 2, "nothing is sealed yet"),
    ],
)
async def test_what_cannot_be_done_says_what_to_do(
    cli: Cli, loan: str, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = await cli(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert says in " ".join(result.stderr.split())


async def test_a_key_file_that_is_not_there_or_no_key_is_named(cli: Cli, tmp_path: Path) -> None:
    missing = await cli("evidence", "verify", RECOURSE_EVIDENCE_KEY_FILE=str(tmp_path / "none"))
    assert (missing.exit_code, "recourse evidence keygen" in missing.stderr) == (2, True)
    (tmp_path / "bad").write_text("nonsense")
    bad = await cli("evidence", "verify", RECOURSE_EVIDENCE_KEY_FILE=str(tmp_path / "bad"))
    assert (bad.exit_code, "RECOURSE_EVIDENCE_KEY_FILE" in bad.stderr) == (2, True)
    twice = [await cli("evidence", "keygen", tmp_path / "k", "--name", "x") for _ in range(2)]
    assert [result.exit_code for result in twice] == [0, 2]
