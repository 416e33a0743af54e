"""`recourse legal`: moves, papers, deadlines and amounts on the command line, Temporal up or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recourse.domain.permits import PermitKind
from tests.cli.conftest import UNUSED, Cli
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON, OpenCase, open_case
from tests.integration.service.pursued import permitted

CASE = "case-L-1-1"
PAPERS = ["preservation_application=app-1", "security=bond-1", "preservation_ruling=sha256-4f1c"]
BY = ["--on", "2026-11-06", "--as", "legal-1"]
PRESERVE = ["legal", "move", CASE, "presuit_preservation_ordered", *BY]
WITH = [part for paper in PAPERS for part in ("--document", paper)]
FEE = ["legal", "cost", CASE, "--kind", "court_fee", "--amount-minor", "5000", "--proof", "invoice-1", *BY]


@pytest.fixture
async def case(world: World) -> OpenCase:
    case = await open_case(world)
    await permitted(world, case, PermitKind.LEGAL, NOON + timedelta(days=1))
    return case


async def test_an_action_is_moved_shown_listed_and_explained(cli: Cli, world: World, case: OpenCase) -> None:
    assert "no legal action" in (await cli("legal", "list")).stdout
    empty = (await cli("legal", "show", CASE)).stdout
    assert ("not begun" in empty, "申请支付令" in empty) == (True, True)
    short = await cli.json(*PRESERVE, *WITH[:2], TEMPORAL_ADDRESS=UNUSED, exit_code=1)
    assert (short["code"], short["missing"]) == ("documents_missing", ["preservation_ruling", "security"])
    told = [
        await cli.json(*PRESERVE, *WITH, "--request-id", "r-1", TEMPORAL_ADDRESS=UNUSED) for _ in range(2)
    ]
    assert told[0]["id"] == told[1]["id"]
    assert (told[0]["made"], told[0]["case_told"]) == (True, False)
    assert "reverses" in (await cli("legal", "cost", "--help")).stdout
    fee = await cli.json(*FEE, TEMPORAL_ADDRESS=UNUSED)
    await cli.json(*FEE, "--reverses", fee["id"], TEMPORAL_ADDRESS=UNUSED)
    shown = await cli.json("legal", "show", CASE)
    assert shown["states"] == {"preservation": "ordered_before_suit"}
    assert (shown["totals"]["costs_minor"], len(shown["entries"])) == (0, 2)
    [listed] = await cli.json("legal", "list")
    assert (listed["case_id"], listed["ends_on"]) == (CASE, "2026-12-06")
    text = (await cli("legal", "show", CASE)).stdout
    assert ("cn_sue_after_preservation" in text, "2026-12-06" in text) == (True, True)
    explained = await cli("explain", CASE)
    assert explained.exit_code == 0
    assert "legal move presuit_preservation_ordered on 2026-11-06" in explained.stdout
    dossier = (await cli("dossier", "L-1", "--as", "legal-1", "--purpose", "court")).stdout
    assert "presuit_preservation_ordered: preservation ordered_before_suit" in dossier


SOLD_AT = ["--set", "kind=public", "--set", "day=2026-12-15", "--set", "at=10:00"]
PLAN = ["legal", "move", CASE, "sale_planned", "--on", "2026-11-05", "--as", "legal-1", *SOLD_AT]


async def test_a_sale_is_planned_with_its_terms_and_shown_with_them(cli: Cli, world: World) -> None:
    await open_case(world, days=60, region="US")
    here = ["--on", "2026-11-05", "--as", "legal-1", "--document", "surrender_statement=s-1"]
    brought = ["legal", "move", CASE, "vehicle_surrendered", *here, "--document", "condition_report=c-1"]
    await cli.json(*brought, TEMPORAL_ADDRESS=UNUSED)
    short = await cli.json(*PLAN[:8], TEMPORAL_ADDRESS=UNUSED, exit_code=1)
    assert (short["code"], short["missing"]) == ("terms_missing", ["sale"])
    soon = [part.replace("2026-12-15", "2026-11-20") for part in PLAN]
    early = await cli.json(*soon, "--set", "place=12 Auction Lane", TEMPORAL_ADDRESS=UNUSED, exit_code=1)
    assert (early["code"], early["opens_on"]) == ("too_soon", "2026-11-21")
    told = await cli.json(*PLAN, "--set", "place=12 Auction Lane", TEMPORAL_ADDRESS=UNUSED)
    assert (told["state"], told["terms"]["place"]) == ("sale_planned", "12 Auction Lane")
    text = (await cli("legal", "show", CASE)).stdout
    assert ("12 Auction Lane" in text, "2026-12-15" in text) == (True, True)


async def test_what_runs_out_exits_with_one(cli: Cli, world: World, case: OpenCase) -> None:
    nothing = await cli("legal", "deadlines")
    assert (nothing.exit_code, "nothing runs out" in nothing.stdout) == (0, True)
    await cli.json(*PRESERVE, *WITH, TEMPORAL_ADDRESS=UNUSED)
    [row] = await cli.json("legal", "deadlines", "--within", "40", exit_code=1)
    assert (row["code"], row["state"], row["whose"]) == ("cn_sue_after_preservation", "running", "ours")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["legal", "show", "case-none-1"], "case"),
        (["legal", "move", "case-none-1", "suit_filed", *BY], "case"),
        ([*PRESERVE, "--document", "security"], "--document"),
        ([*PRESERVE, "--document", "security=a b"], "--document"),
        ([*PRESERVE, "--document", "张三=a"], "--document"),
        ([*PRESERVE, "--document", "security=a", "--document", "security=b"], "--document"),
        (["legal", "move", CASE, "suit_filed", "--on", "yesterday", "--as", "a"], "--on"),
        (PLAN, "place"),
        ([*PLAN[:8], "--set", "kind=auction", "--set", "day=2026-12-15"], "kind"),
        ([*PLAN, "--set", "day=2026-12-16"], "--set"),
        ([*PLAN, "--set", "colour=red"], "--set"),
        ([*PLAN, "--set", "place=a\u202eb"], "place"),
        ([*PLAN, "--set", "place=x", "--set", "owed_minor=0"], "owed_minor"),
        ([*FEE[:3], "--kind", "bribe", *FEE[5:]], "--kind"),
        ([*FEE[:6], "0", *FEE[7:]], "--amount-minor"),
        ([*FEE, "--reverses", "legal-entry-9"], "reverses"),
    ],
)
async def test_what_cannot_be_meant_is_a_matter_of_usage(
    cli: Cli, world: World, case: OpenCase, arguments: list[str], named: str
) -> None:
    result = await cli(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr
