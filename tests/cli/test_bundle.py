"""`recourse dossier LOAN --bundle`: one PDF that a court opens, with everything that proves it attached."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from recourse.gateways.pades import Seal, trouble_with
from recourse.gateways.signing import Ed25519Signer
from tests.certificates import issued, written
from tests.cli.conftest import Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case
from tests.integration.service.test_letters import sent_by_post
from tests.letters import open_pdf, text_of


@pytest.fixture
async def ledger(cli: Cli, tmp_path: Path) -> Mapping[str, Any]:
    await cli("evidence", "keygen", tmp_path / "key", "--name", "ledger.example")
    return {"RECOURSE_EVIDENCE_KEY_FILE": str(tmp_path / "key")}


def _check(folder: Path, key: str) -> subprocess.CompletedProcess[str]:
    """As a court would, with what was attached and nothing else."""
    program, proof = folder / "verify_evidence.py", folder / "evidence.json"
    command = [sys.executable, "-I", "-S", str(program), str(proof), key]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _attached(pdf: bytes) -> dict[str, bytes]:
    files = [one.get_object() for one in open_pdf(pdf).root["/AF"].get_object()]
    return {str(one["/UF"]): one["/EF"].get_object()["/F"].get_object().data for one in files}


@pytest.fixture
def cli(cli: Cli) -> Cli:
    """Where there is one person; two are needed in `test_exports`."""
    return Cli({**cli.env, "RECOURSE_EXPORT_APPROVAL": "one_person"})


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_bundle_has_the_parts_the_letters_and_the_proofs(
    cli: Cli, world: World, ledger: Mapping[str, Any], tmp_path: Path, language: str
) -> None:
    _, tray = await sent_by_post(world, tmp_path)
    await cli("evidence", "seal", **ledger)
    target, ladders = tmp_path / "bundle.pdf", {"RECOURSE_STRATEGIES": str(tmp_path / "ladders")}
    arguments = ["dossier", "L-1", "--bundle", target, "--lang", language, "--as", "legal-1"]
    told = await cli.json(*arguments, **ladders, **ledger)  # type: ignore[arg-type]
    pdf = target.read_bytes()
    text, files = text_of(pdf), _attached(pdf)
    for said in (
        *_HEADS[language],
        "3,520.17 CNY",
        "home of L-1",
        "letter allowed by the gate",
        "no_consent",
    ):
        assert said in text
    [letter] = tray.glob("*.pdf")
    assert set(files) == {"dossier.json", letter.name, "evidence.json", "verify_evidence.py"}
    assert files[letter.name] == letter.read_bytes()
    assert told["attached"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for digest in told["attached"].values():
        assert digest in text.replace("\u200b", "")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    key = str(Ed25519Signer.read(tmp_path / "key").key)
    checked = _check(tmp_path, key)
    assert checked.stdout.startswith("GOOD  "), checked
    assert await world.rows("SELECT actor, via FROM dossier_read") == [{"actor": "legal-1", "via": "cli"}]


_HEADS = {
    "zh": ("车贷催收卷宗", "目录", "1  借款人", "5  催收记录", "6  法律行动", "7  信函", "8  系统完整性说明"),
    "en": (
        "Collection bundle",
        "Index",
        "1  The borrower",
        "5  Contacts",
        "7  Letters",
        "8  How this record",
    ),
}


async def test_what_no_font_has_is_shown_by_its_number_and_kept_as_it_is(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    """A bundle shows what was written, whatever that was, and runs nothing of it."""
    await open_case(world, name='#read("/etc/passwd") 王\U0002b386 😀 a\u202eb')
    target = tmp_path / "bundle.pdf"
    assert (await cli("dossier", "L-1", "--bundle", target)).exit_code == 0
    text = text_of(target.read_bytes())
    assert '#read("/etc/passwd") 王[U+2B386] [U+1F600] a[U+202E]b' in text
    dossier = json.loads(_attached(target.read_bytes())["dossier.json"])
    assert dossier["borrower"]["people"][0]["name"] == '#read("/etc/passwd") 王\U0002b386 😀 a\u202eb'


async def test_without_a_checkpoint_it_says_that_nothing_is_proved(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await open_case(world)
    target = tmp_path / "bundle.pdf"
    told = await cli.json("dossier", "L-1", "--bundle", target, "--lang", "en")
    assert set(told["attached"]) == {"dossier.json"}
    assert "Nothing is sealed yet, so no proof is attached." in text_of(target.read_bytes())


async def test_what_cannot_be_meant_is_a_matter_of_usage(cli: Cli, world: World, tmp_path: Path) -> None:
    await open_case(world)
    target = tmp_path / "bundle.pdf"
    assert (await cli("dossier", "L-none", "--bundle", target)).exit_code == 2
    assert (await cli("dossier", "L-1", "--bundle", target, "--lang", "fr")).exit_code == 2
    assert (await cli("dossier", "L-1", "--bundle", tmp_path / "no" / "x.pdf")).exit_code == 2
    assert not target.exists()


async def test_a_recipient_gets_proofs_of_what_he_does_not_see(
    cli: Cli, world: World, ledger: Mapping[str, Any], tmp_path: Path
) -> None:
    await open_case(world)
    await cli("evidence", "seal", **ledger)
    whole, part = tmp_path / "court.pdf", tmp_path / "regulator.pdf"
    for target, recipient in ((whole, "court"), (part, "regulator")):
        told = await cli.json("dossier", "L-1", "--bundle", target, "--for", recipient, "--lang", "en")
        assert told["for"] == recipient
    seen, left = _attached(whole.read_bytes()), _attached(part.read_bytes())
    person = json.loads(seen["dossier.json"])["borrower"]["people"][0]
    secrets = [person["name"], *(point["value"] for point in person["contact_points"])]
    assert len(secrets) > 2
    for name, content in left.items():
        assert [one for one in secrets if one in content.decode()] == [], name
    assert [one for one in secrets if one in text_of(part.read_bytes())] == []
    record = json.loads(left["dossier.json"])
    assert {"path": "borrower.people.0.name", "why": "已去标识 · identity withheld"} in record["withheld"]
    steps = [one for one in record["contacts"]["steps"] if one["event"] != "exported"]
    assert steps == json.loads(seen["dossier.json"])["contacts"]["steps"]
    assert "What is withheld" in text_of(part.read_bytes())
    entries = [json.loads(files["evidence.json"])["entries"] for files in (seen, left)]
    assert [e["entry"] for e in entries[0]] == [e["entry"] for e in entries[1]]
    assert sum(len(e["shown"]) for e in entries[0]) > sum(len(e["shown"]) for e in entries[1]) > 0
    for name, content in left.items():
        (tmp_path / name).write_bytes(content)
    checked = _check(tmp_path, str(Ed25519Signer.read(tmp_path / "key").key))
    assert checked.stdout.startswith("GOOD  "), checked
    readings = await world.rows("SELECT purpose FROM dossier_read ORDER BY id")
    assert [row["purpose"] for row in readings] == ["for-court", "for-regulator"]


async def test_many_are_made_and_one_that_is_not_there_holds_up_no_other(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    for loan in ("L-1", "L-2"):
        await open_case(world, loan)
    (tmp_path / "loans").write_text("L-1\nL-none\n\nL-2\nL-1\n")
    folder = tmp_path / "out"
    arguments: list[str | Path] = ["bundles", folder, "--loans", tmp_path / "loans", "--lang", "en"]
    told = await cli.json(*arguments, exit_code=1)
    assert set(told["bundles"]) == {"L-1", "L-2"}
    assert list(told["failed"]) == ["L-none"]
    assert json.loads((folder / "index.json").read_text()) == told
    for one in told["bundles"].values():
        assert hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest() == one["sha256"]
    # Stopped and run again: what is there stays, what is missing is made.
    (folder / "L-2.pdf").unlink()
    kept = (folder / "L-1.pdf").stat().st_mtime_ns
    again = await cli.json(*arguments, exit_code=1)
    assert (folder / "L-1.pdf").stat().st_mtime_ns == kept
    assert set(again["bundles"]) == {"L-1", "L-2"}
    read = await world.rows("SELECT loan_id FROM dossier_read ORDER BY id")
    assert sorted(row["loan_id"] for row in read) == ["L-1", "L-2", "L-2"]


async def test_a_file_that_cannot_be_written_ends_the_run_with_one_line(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await open_case(world)
    (tmp_path / "loans").write_text("L-1\n")
    folder = tmp_path / "out"
    (folder / f".L-1.pdf.{os.getpid()}.part").mkdir(parents=True)
    told = await cli("bundles", folder, "--loans", tmp_path / "loans")
    assert (told.exit_code, "give a folder that can be written" in told.stderr) == (2, True)


async def test_a_folder_is_for_one_recipient(cli: Cli, world: World, tmp_path: Path) -> None:
    await open_case(world)
    (tmp_path / "loans").write_text("L-1\n")
    folder, loans = tmp_path / "out", tmp_path / "loans"
    await cli.json("bundles", folder, "--loans", loans)
    other = await cli("bundles", folder, "--loans", loans, "--for", "regulator")
    assert other.exit_code == 2
    assert "another recipient" in other.output
    assert (await cli("bundles", tmp_path, "--loans", tmp_path / "none")).exit_code == 2
    (tmp_path / "empty").write_text("\n")
    assert (await cli("bundles", tmp_path / "new", "--loans", tmp_path / "empty")).exit_code == 2
    assert (await cli("bundles", folder, "--loans", loans, "--for", "nobody")).exit_code == 2


async def test_recipients_can_be_looked_at(cli: Cli) -> None:
    known = await cli.json("recipients")
    assert [one["id"] for one in known] == ["borrower", "court", "recovery-agency", "regulator", "us-court"]


async def test_a_bundle_is_signed_where_letters_are(cli: Cli, world: World, tmp_path: Path) -> None:
    await open_case(world)
    authority = issued("authority")
    certificate, key = written(tmp_path, "lender", issued("lender", authority), authority)
    env = {"RECOURSE_LETTERS_CERTIFICATE_FILE": str(certificate), "RECOURSE_LETTERS_KEY_FILE": str(key)}
    target = tmp_path / "bundle.pdf"
    await cli.json("dossier", "L-1", "--bundle", target, **env)  # type: ignore[arg-type]
    pdf = target.read_bytes()
    trusted = Seal.read(certificate, key).trusted
    assert await trouble_with(pdf, trusted) is None
    assert await trouble_with(pdf.replace(b"PDF-1", b"PDF-2", 1), trusted) is not None
