"""`recourse borrowers-copy`: in plain words, with nothing of anybody else, and with who has seen it."""

from __future__ import annotations

import stat
from datetime import date, timedelta
from pathlib import Path

import pytest

from recourse.domain.disclosure import Justification, RevealPurpose
from recourse.domain.ids import LoanId
from recourse.domain.law.verdict import RefusalCode
from recourse.service.revealing import NewReveal, Revealing
from recourse.service.tokens import Caller
from tests.cli.conftest import Cli, issued
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, open_case
from tests.integration.service.located import FIELD, HERE, Tracker, desk, granted
from tests.integration.service.test_letters import sent_by_post
from tests.letters import text_of

OTHER = "担保人甲"
OTHERS_PHONE = "+8613911112222"


@pytest.fixture
async def cli(cli: Cli, world: World) -> Cli:
    """Of a lead, who makes the copies."""
    return Cli({**cli.env, "RECOURSE_TOKEN": (await issued(world, "lead")).token})


async def _of_two(world: World) -> None:
    other = {
        "id": "P-other",
        "role": "guarantor",
        "name": OTHER,
        "contact_points": [{"kind": "mobile", "value": OTHERS_PHONE}],
    }
    case = await open_case(world, others=[other])
    await case.reach("sms_friendly")
    world.set_now(NOON + timedelta(days=1))


async def test_it_says_why_in_both_languages_and_shows_nobody_else(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await _of_two(world)
    await cli("dossier", "L-1", "--as", "auditor-7", "--purpose", "FILE-9")
    for language, said in (
        (
            "zh",
            (
                "您的催收记录副本",
                "系统自动作出的决定",
                "因款项逾期，系统开始催收",
                "谁查看过您的记录",
                "由人作出决定",
            ),
        ),
        (
            "en",
            (
                "Your copy of the collection record",
                "the system began collection",
                "ask that a person decides",
            ),
        ),
    ):
        target = tmp_path / f"{language}.pdf"
        arguments = ("borrowers-copy", "L-1", "--out", target, "--lang", language)
        assert (await cli(*arguments)).exit_code == 0
        text = text_of(target.read_bytes())
        assert [one for one in said if one not in text] == []
        assert "home of L-1" in text
        assert "auditor-7" in text
        assert "FILE-9" in text
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        assert OTHER not in text
        assert OTHERS_PHONE[-7:] not in text


async def test_it_says_how_to_contest_until_when_we_answer_and_what_we_answered(
    cli: Cli, world: World, tmp_path: Path
) -> None:
    await open_case(world)
    opening = ("disputes", "open", "--loan", "L-1", "--reason", "other", "--as", "agent-1")
    contest = ("--kind", "automated_decision", "--about", "4711", "--request-id", "d1")
    contested = await cli.json(*opening, *contest)
    complaint = await cli.json(*opening, "--kind", "complaint", "--request-id", "d2")
    answering = ("--answer", "rejected", "--evidence", "letter-8", "--as", "lead-1")
    await cli("disputes", "answer", complaint["id"], *answering)
    for language, said in (
        ("zh", ("您提出的争议与投诉", "对系统自动决定的异议", "未予支持", "我们最迟的答复日期")),
        ("en", ("you contested what the system decided", "we did not agree", "we answer by these days")),
    ):
        target = tmp_path / f"{language}.pdf"
        await cli("borrowers-copy", "L-1", "--out", target, "--lang", language)
        text = text_of(target.read_bytes())
        assert [one for one in (*said, "4711", contested["answer_by"]) if one not in text] == []
        # In China fifteen days for a complaint and twenty for what a credit bureau was told, from today on.
        today = date.fromisoformat(complaint["answer_by"]) - timedelta(days=15)
        assert f"{today + timedelta(days=20)}" in text


async def test_a_refused_contact_is_told_with_its_rule(cli: Cli, world: World, tmp_path: Path) -> None:
    await sent_by_post(world, tmp_path)
    layout = await cli.json("borrowers-copy", "L-1", "--lang", "en")
    [decisions] = [part for part in layout["parts"] if part["title"].startswith("4")]
    told = [dict(e["rows"]) for e in decisions["entries"] if "did not allow" in e["title"]]
    assert {one["why"] for one in told} == {"you had not agreed to be contacted in this way"}
    rows = await world.rows("SELECT id, source FROM step WHERE code = 'no_consent' ORDER BY id")
    assert [{"id": int(one["number in the record"]), "source": one["rule"]} for one in told] == rows
    assert len(rows) > 1
    assert RefusalCode.NO_CONSENT not in str(decisions)


async def test_each_look_at_where_the_vehicle_is_is_told_and_never_where(cli: Cli, world: World) -> None:
    case = await open_case(world, days=FIELD)
    row = await granted(world, case)
    await desk(world, Tracker()).locate(row.id, "read-1", "desk-7")
    layout = await cli.json("borrowers-copy", "L-1", "--lang", "en")
    [kept] = [part for part in layout["parts"] if part["title"].startswith("1")]
    told = [dict(e["rows"]) for e in kept["entries"]]
    (read,) = [one for one in told if one.get("person, by number") == "desk-7"]
    assert (read["purpose"], read["how precisely"]) == (
        "to plan a visit",
        "the area only, of some kilometres",
    )
    assert not [part for part in map(str, HERE) if part in str(layout)]


async def test_who_saw_it_in_clear_is_told_with_what_for_and_why_it_had_to_be(cli: Cli, world: World) -> None:
    await open_case(world)
    for role, justification in (("lead", None), ("agent", Justification.PROTECT_BORROWER)):
        who = Revealing(world.services, Caller((await issued(world, role)).actor, role))
        new = NewReveal(
            LoanId("L-1"), RevealPurpose.HANDLE_DISPUTE, "r-1", justification and "ticket-7", justification
        )
        await who.read((await who.ask(new)).id)
    layout = await cli.json("borrowers-copy", "L-1", "--lang", "en")
    [seen] = [part for part in layout["parts"] if part["title"].startswith("6")]
    whole, broken, _ = [dict(entry["rows"]) for entry in seen["entries"]]
    assert whole["purpose"] == broken["purpose"] == "to see to a dispute or a complaint"
    assert [value for name, value in broken.items() if "not for this person" in name] == ["to protect you"]
    assert [name for name in whole if "not for this person" in name] == []


async def test_what_cannot_be_meant_is_a_matter_of_usage(cli: Cli, world: World, tmp_path: Path) -> None:
    await open_case(world)
    assert (await cli("borrowers-copy", "L-none")).exit_code == 2
    assert (await cli("borrowers-copy", "L-1", "--lang", "fr")).exit_code == 2
    agent = (await issued(world, "agent")).token
    refused = await cli("borrowers-copy", "L-1", RECOURSE_TOKEN=agent)
    assert (refused.exit_code, refused.stdout, "the role agent may not" in refused.stderr) == (2, "", True)
    assert (await cli("borrowers-copy", "L-1", "--out", tmp_path / "no" / "x.pdf")).exit_code == 2
