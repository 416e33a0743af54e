"""`recourse letter` and `recourse documents`: a draft to look at, and what was sent, byte by byte."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from recourse.service.lettering import COVERED
from tests.cli.conftest import NAME, UNUSED, Cli, issued
from tests.integration.conftest import World
from tests.integration.service.conftest import open_case
from tests.integration.service.test_letters import sent_by_post
from tests.letters import text_of

LENDER = {
    "name": "demo-auto-finance",
    "region": "CN",
    "currency": "CNY",
    "zone": "Asia/Shanghai",
    "phone": "400-1",
    "address": "上海市静安区南京西路1号",
}
LENDERS: Any = {"RECOURSE_LENDERS": json.dumps({"/demo/cn": LENDER})}
READS = "SELECT actor, via, purpose FROM dossier_read"


def _preview(target: Path, kind: str = "formal_demand", *more: str, language: str = "zh") -> list[str]:
    return ["letter", "preview", kind, "--loan", "L-1", "--lang", language, "--out", str(target), *more]


@pytest.mark.parametrize(("language", "word"), [("zh", "草稿"), ("en", "DRAFT")])
async def test_a_preview_is_a_draft_and_who_saw_it_is_kept(
    cli: Cli, world: World, tmp_path: Path, language: str, word: str
) -> None:
    await open_case(world)
    target = tmp_path / "draft.pdf"
    said = await cli.json(*_preview(target, "formal_demand", "--as", "legal-1", language=language), **LENDERS)
    text = text_of(target.read_bytes())
    assert word in text
    assert said["id"] in text
    assert "3,520.17 CNY" in text
    assert await world.rows(READS) == [{"actor": "legal-1", "via": "cli", "purpose": "letters"}]
    assert await world.scalar("SELECT count(*) FROM document") == 0


async def test_what_the_dossier_does_not_know_is_given(cli: Cli, world: World, tmp_path: Path) -> None:
    await open_case(world)
    target = tmp_path / "draft.pdf"
    lacking = await cli(*_preview(target, "acceleration_notice"), **LENDERS)
    assert (lacking.exit_code, lacking.stdout) == (1, "")
    assert "payoff: missing, and the letter has to say it" in lacking.stderr
    assert "--set" in lacking.stderr
    assert not target.exists()
    given = await cli(*_preview(target, "acceleration_notice", "--set", "payoff=82,000.00 CNY"), **LENDERS)
    assert given.exit_code == 0
    assert "82,000.00 CNY" in text_of(target.read_bytes())


async def test_a_preview_says_who_he_is_for_a_purpose_only(cli: Cli, world: World, tmp_path: Path) -> None:
    await open_case(world)
    target, lead = tmp_path / "draft.pdf", await issued(world, "lead")
    whose = (NAME, "home of L-1")
    assert (await cli(*_preview(target), **LENDERS)).exit_code == 0
    covered = text_of(target.read_bytes())
    assert ([word for word in whose if word in covered], COVERED in covered) == ([], True)
    clear = _preview(target, "formal_demand", "--reveal", "handle_dispute", "--reference", "file-9")
    assert (await cli(*clear, RECOURSE_TOKEN=lead.token, **LENDERS)).exit_code == 0
    shown = text_of(target.read_bytes())
    assert ([word for word in whose if word not in shown], COVERED in shown) == ([], False)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [row["purpose"] for row in await world.rows(f"{READS} ORDER BY id")] == [
        "letters",
        "handle_dispute",
    ]
    assert await world.rows("SELECT actor, reference FROM reveal") == [
        {"actor": lead.actor, "reference": "file-9"}
    ]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": "formal"}, "KIND"),
        ({"language": "fr"}, "--lang"),
        ({"more": ("--set", "payoff")}, "--set"),
        ({"more": ("--set", "colour=red")}, "colour: no letter has it"),
        ({"more": ("--loan", "L-none")}, "L-none: has no case"),
        ({"target": "no/such/folder/x.pdf"}, "--out"),
    ],
)
async def test_what_cannot_be_meant_is_a_matter_of_usage(
    cli: Cli, world: World, tmp_path: Path, change: dict[str, object], named: str
) -> None:
    await open_case(world)
    target = tmp_path / str(change.get("target", "x.pdf"))
    kind, more = str(change.get("kind", "formal_demand")), change.get("more", ())
    assert isinstance(more, tuple)
    arguments = _preview(target, kind, *more, language=str(change.get("language", "zh")))
    result = await cli(*arguments, **LENDERS)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
    assert not target.exists()


async def test_a_lender_without_an_address_is_a_finding_that_names_the_setting(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await open_case(world)
    nowhere = {"RECOURSE_LENDERS": json.dumps({"/demo/cn": LENDER | {"address": ""}})}
    result = await cli(*_preview(tmp_path / "x.pdf"), **nowhere)
    assert result.exit_code == 1
    assert "lender_address: missing" in result.stderr
    assert "RECOURSE_LENDERS" in result.stderr


async def test_a_database_that_is_away_is_a_dependency(cli: Cli, tmp_path: Path) -> None:
    away = {"RECOURSE_DATABASE_URL": f"postgresql+asyncpg://x@{UNUSED}/x"}
    assert (await cli(*_preview(tmp_path / "x.pdf"), **away)).exit_code == 3
    assert (await cli("documents", "case-L-1-1", **away)).exit_code == 3


async def test_what_was_sent_is_listed_and_given_out_byte_by_byte(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    case, tray = await sent_by_post(world, tmp_path)
    [line] = await cli.json("documents", case.id)
    assert (line["kind"], line["channel"], line["state"]) == ("formal_demand", "letter", "sent")
    assert await world.rows(READS) == []
    out = tmp_path / "out"
    out.mkdir()
    legal, lead = await issued(world, "legal"), await issued(world, "lead")
    ask = ("exports", "ask", "--letters", "L-1", "--purpose", "court_file")
    alone = await cli("documents", case.id, "--out", out, "--as", "legal-1")
    assert (alone.exit_code, "exports ask --letters L-1" in alone.stderr) == (2, True)
    export = (await cli.json(*ask, RECOURSE_TOKEN=legal.token))["id"]
    take = ("documents", case.id, "--out", out, "--as", "legal-1", "--export", export)
    assert "not approved" in (await cli(*take)).stderr
    assert (list(out.iterdir()), await world.rows(READS)) == ([], [])
    await cli.json("exports", "approve", export, RECOURSE_TOKEN=lead.token)
    shown = await cli(*take)
    assert line["id"] in shown.stdout
    [kept] = out.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_bytes() == (tray / kept.name).read_bytes()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == line["sha256"]
    assert [row["actor"] for row in await world.rows(READS)] == ["legal-1"]
    assert "was used" in (await cli(*take)).stderr
    assert (await cli("dossier", "L-1", "--bundle", out / "x.pdf", "--export", export)).exit_code == 2
    [told] = await world.rows("SELECT code, actor, source FROM step WHERE event = 'exported'")
    assert told == {"code": "two_persons", "actor": "legal-1", "source": export}


async def test_a_letter_that_was_signed_for_says_so(cli: Cli, world: World, tmp_path: Path) -> None:
    case, _ = await sent_by_post(world, tmp_path)
    [line] = await cli.json("documents", case.id)
    paper = ["--kind", "demand_signed_for", "--on", "2026-11-06", "--evidence", "rr-9", "--as", "legal-1"]
    add = ["proofs", "add", "L-1", *paper]
    ladder: Any = {"RECOURSE_STRATEGIES": str(tmp_path / "ladders"), "TEMPORAL_ADDRESS": UNUSED}
    strange = await cli(*add, "--document", "doc-none", **ladder)
    assert (strange.exit_code, "document:" in strange.stderr) == (2, True)
    added = await cli.json(*add, "--document", line["id"], **ladder)
    [proved] = await cli.json("documents", case.id)
    assert [(one["kind"], one["evidence"]) for one in proved["proofs"]] == [("demand_signed_for", "rr-9")]
    assert "rr-9" in (await cli("documents", case.id)).stdout
    end = ["proofs", "withdraw", added["id"], "--source", "letter-2", "--as", "lead-1"]
    await cli(*end, **ladder)
    [withdrawn] = await cli.json("documents", case.id)
    assert withdrawn["proofs"] == []


async def test_a_case_without_letters_and_one_there_is_none_of(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await open_case(world)
    assert (await cli("documents", "case-L-1-1")).stdout.strip() == "no letters"
    assert (await cli("documents", "case-none")).exit_code == 2
    assert (await cli("documents", "case-L-1-1", "--out", tmp_path / "none")).exit_code == 2
    assert (await cli("documents", "case-L-1-1", "--export", "export-0")).exit_code == 2


async def test_the_kinds_are_listed_with_their_passages(cli: Cli) -> None:
    found = await cli.json("letter", "kinds")
    assert "deficiency" in found["pre_sale_notice"]["en"]
    assert "lawyers_letter" in (await cli("letter", "kinds")).stdout
