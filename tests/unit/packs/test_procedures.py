"""Procedures: what cannot be meant is refused with the field's name, and a place has the nearest one."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from recourse.domain.legal.action import MoveRefusal
from recourse.domain.legal.procedure import ANY, ENDED, START, Procedure
from recourse.packs.loader import load_packs
from recourse.packs.procedures import by_region, load_procedure, procedure_for
from recourse.packs.strict import PackError

DOCUMENT = (Path(__file__).parents[3] / "docs" / "legal.md").read_text(encoding="utf-8")
CN = (files("recourse.packs") / "legal" / "cn.yaml").read_text(encoding="utf-8")
US = (files("recourse.packs") / "legal" / "us.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ("regions: [CN]", "region: [CN]", "region"),
        ("    to: lifted\n", "    to: lifted\n    deadline: 3\n", "deadline"),
        ("after: [start, lifted]", "after: []", "moves.presuit_preservation_ordered.after"),
        ("after: [start, lifted]", "after: [start, left]", "left is no state"),
        ("needs: [suit_filed]", "needs: [suit_field]", "suit_field is no move"),
        ("within: [cn_appeal]", "within: [cn_appeals]", "cn_appeals is no deadline"),
        ("{after: judgment, days: 15}", "{after: judgement, days: 15}", "judgement is no move"),
        ("{after: judgment, days: 15}", "{after: judgment, days: 0}", "days"),
        ("starts: [judgment, suit_dismissed]", "starts: []", "cn_appeal"),
        ("    months: 24\n", "", "cn_enforcement.days"),
        ("    months: 24\n", "    months: 9999\n", "months"),
        ("noted: [received, accepted]", "noted: [received, filed]", "filed is a status of suit_filed"),
        ("statuses: [objection]", "statuses: [filed]", "filed stands for"),
        ("    to: ended\n    means: concluded", "    to: start\n    means: concluded", "withdrawn.to"),
        ("- code: arbitration_filed", "- code: suit_filed", "suit_filed stands twice"),
        ("mark: primary", "mark: certain", "mark"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_field(was: str, becomes: str, named: str) -> None:
    assert was in CN
    with pytest.raises(PackError, match=named):
        load_procedure("cn.yaml", CN.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("was", "becomes", "named"),
    [
        ("as_planned: sale_planned", "as_planned: sale_called_off", "sale_called_off is no move with terms"),
        ("    means: called_off", "    means: called_off\n    documents: [x]", "calls off by itself"),
        ("when: sale_planned,", "when: recovered,", "may not follow recovered"),
        ("when: sale_planned,", "when: planned,", "planned is no state"),
        ("proof: proof_of_sending}", "proof: receipt}", "receipt is no paper"),
        ("{template: pre_sale_notice,", "{template: pre_sale,", "pre_sale is no letter"),
        ("{template: pre_sale_notice,", "{template: cure_notice,", "gives pre_sale_notice"),
        ("    gives: pre_sale_notice", "    gives: pre_sale_notice\n    begins: sale", "by itself"),
        ("terms: sale", "terms: auction", "terms"),
    ],
)
def test_what_a_plan_and_its_letter_cannot_mean_is_refused_too(was: str, becomes: str, named: str) -> None:
    assert was in US
    with pytest.raises(PackError, match=named):
        load_procedure("us.yaml", US.replace(was, becomes, 1))


def test_a_rule_that_changes_keeps_its_code_and_each_day_has_its_own() -> None:
    """A later law: thirty days of the debtor instead of fifteen."""
    old = "    waits: [{after: payment_order_served, days: 15}]\n"
    at = CN.index("  - code: payment_order_effective")
    block = CN[at : CN.index("  - code: realisation_requested")]
    before = block.replace(old, old + "    effective_to: 2027-12-31\n")
    later = block.replace("days: 15", "days: 30").replace(
        old[:14], "    effective_from: 2028-01-01\n" + old[:14]
    )
    changed = load_procedure("cn.yaml", CN.replace(block, before + later))
    days = [
        move.waits[0].days
        for on in (date(2027, 12, 31), date(2028, 1, 1))
        if (move := changed.move("payment_order_effective", on)) is not None
    ]
    assert days == [15, 30]


def test_a_place_has_its_own_procedure_else_its_countrys_else_the_houses() -> None:
    known = load_packs().procedures
    found = [procedure_for(known, place).id for place in ("CN-31", "GB-LND", "US-MA", "IN", "DE-BY")]
    assert found == ["CN", "UK", "US", "HOUSE", "HOUSE"]


def test_two_procedures_for_one_place_are_an_error_and_so_is_none() -> None:
    procedure = load_procedure("cn.yaml", CN)
    with pytest.raises(PackError, match="CN is for CN already"):
        by_region([("cn.yaml", procedure), ("zh.yaml", procedure)])
    with pytest.raises(PackError, match="none of HOUSE"):
        procedure_for({"CN": procedure}, "IN")


@pytest.mark.parametrize("procedure", {p.id: p for p in load_packs().procedures.values()}.values())
def test_the_document_tells_each_deadline_with_its_days_and_its_source(procedure: Procedure) -> None:
    for deadline in procedure.deadlines:
        [row] = [line for line in DOCUMENT.splitlines() if line.startswith(f"| `{deadline.code}`")]
        days = f"{deadline.months} months" if deadline.months else f"{deadline.days}"
        assert row.split("|")[2].strip().startswith(days)
        statute = deadline.source.title.split(":")[0]
        assert f"{statute} ({deadline.source.mark})" in row


def test_the_document_tells_each_reason_of_a_no() -> None:
    assert [code for code in MoveRefusal if f"| `{code}` |" not in DOCUMENT] == []


@pytest.mark.parametrize("place", sorted(load_packs().procedures))
def test_every_state_can_be_reached_and_left_but_the_end(place: str) -> None:
    moves = load_packs().procedures[place].moves
    for track in {move.track for move in moves}:
        mine = [move for move in moves if move.track == track]
        reached, grown = {START}, True
        while grown:
            step = {move.to for move in mine if move.after & (reached | {ANY})} | reached
            reached, grown = step, step != reached
        assert {move.to for move in mine} <= reached
        assert all(ENDED not in move.after for move in mine)
