"""Each line of the tables is asked; and without any one rule of a procedure some line is answered wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from recourse.domain.legal.action import LegalAction, NotMade
from recourse.domain.legal.procedure import LegalMove, Procedure
from recourse.packs.loader import load_packs
from tests.legal.table import DeadlineCase, MoveCase, Table, answer, history, read, tables

LINES = [pytest.param(t, c, id=f"{t.procedure.id}: {c.says}") for t in tables() for c in t.cases]
DEADLINES = [pytest.param(t, d, id=f"{t.procedure.id}: {d.says}") for t in tables() for d in t.deadlines]


def problem(procedure: Procedure, case: MoveCase) -> str | None:
    found = answer(procedure, case)
    if isinstance(found, LegalMove):
        return None if found.to == case.becomes else f"becomes {found.to}"
    wanted = {"code": case.refused, "missing": case.missing, "opens_on": case.opens}
    if case.rule is not None:
        wanted["rule"] = case.rule
    told = {
        "code": found.code,
        "missing": list(found.missing),
        "opens_on": found.opens_on,
        "rule": found.rule,
    }
    if case.missing is None:
        wanted.pop("missing")
    wrong = {name: told[name] for name, value in wanted.items() if told[name] != value}
    if case.passed != found.passed_on:
        wrong["passed_on"] = found.passed_on
    return str(wrong) if wrong else None


@pytest.mark.parametrize(("table", "case"), LINES)
def test_a_move_is_answered_as_the_law_has_it(table: Table, case: MoveCase) -> None:
    assert problem(table.procedure, case) is None


@pytest.mark.parametrize(("table", "case"), DEADLINES)
def test_a_deadline_runs_as_the_law_has_it(table: Table, case: DeadlineCase) -> None:
    running = [d for d in history(table.procedure, case.made).deadlines if d.code == case.code]
    assert [(d.ends_on, d.warn_on, d.met_on, d.kept) for d in running] == [
        (case.ends, case.warns, case.met, case.kept)
    ]


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.procedure.id)
def test_each_move_is_made_and_each_deadline_reckoned_in_some_line(table: Table) -> None:
    made = {read(case.do)[1] for case in table.cases if case.becomes is not None}
    assert {move.code for move in table.procedure.moves} - made == set()
    reckoned = {case.code for case in table.deadlines}
    assert {deadline.code for deadline in table.procedure.deadlines} - reckoned == set()


def _loosened() -> Iterator[object]:
    """Each procedure with one thing taken away that can refuse."""
    for table in tables():
        for n, move in enumerate(table.procedure.moves):
            without: list[dict[str, Any]] = [{"waits": ()}] if move.waits else []
            without += [{"within": frozenset()}] if move.within else []
            without += [{"needs": frozenset()}] if move.needs else []
            without += [{"once_paid": None}] if move.once_paid else []
            without += [{"terms": None}] if move.terms else []
            without += [{"as_planned": None}] if move.as_planned else []
            for change in without:
                moves = list(table.procedure.moves)
                moves[n] = replace(move, **change)
                name = f"{table.procedure.id} {move.code} without {next(iter(change))}"
                yield pytest.param(table, replace(table.procedure, moves=tuple(moves)), id=name)


@pytest.mark.parametrize(("table", "loosened"), list(_loosened()))
def test_without_any_condition_of_a_move_some_line_is_answered_wrongly(
    table: Table, loosened: Procedure
) -> None:
    assert any(problem(loosened, case) for case in table.cases)


@pytest.mark.parametrize(("table", "case"), LINES)
def test_without_any_of_its_papers_a_move_is_refused_and_the_paper_named(
    table: Table, case: MoveCase
) -> None:
    on, code = read(case.do)
    move = table.procedure.move(code, on)
    for paper in sorted(move.documents) if move is not None and case.becomes is not None else ():
        found = answer(table.procedure, replace(case, without=[paper]))
        assert isinstance(found, NotMade)
        assert (found.code, found.missing, found.rule) == ("documents_missing", (paper,), code)


def test_there_is_a_table_for_each_procedure() -> None:
    assert {table.procedure for table in tables()} == set(load_packs().procedures.values())


def test_what_concludes_an_action_ends_every_deadline_that_runs() -> None:
    procedure = load_packs().procedures["CN"]
    lines = ["2026-03-02 presuit_preservation_ordered", "2026-03-03 suit_filed", "2026-03-04 withdrawn"]
    assert [d for d in history(procedure, lines).deadlines if d.met_on is None] == []
    assert history(procedure, lines) != LegalAction()
