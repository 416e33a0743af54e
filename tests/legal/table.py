"""Tables of legal actions: what a lawyer reads, and how it becomes a move that is asked for.

A line of `made` and `do` reads `2026-03-02 suit_filed`. Every paper is there, unless `without` names it. Of
a planned sale it says which and when: `2026-03-02 sale_planned public 2026-03-20`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from fractions import Fraction
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as strict

from recourse.domain.legal.action import Asked, LegalAction, NotMade, after, may
from recourse.domain.legal.procedure import LegalMove, Procedure
from recourse.domain.legal.terms import SaleKind, SaleTerms
from recourse.packs.loader import load_packs

FOLDER = Path(__file__).parent


@strict(frozen=True, config={"extra": "forbid"})
class MoveCase:
    """becomes: the state that follows; or refused: a code, with the rule, what is missing, the first day on
    which it is open, or the last that there was. paid: the part of the price; None for what nobody has told.
    today: the day on which it is recorded, None for the day it happened."""

    says: str
    do: str
    made: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    paid: str | None = None
    today: date | None = None
    becomes: str | None = None
    refused: str | None = None
    rule: str | None = None
    missing: list[str] | None = None
    opens: date | None = None
    passed: date | None = None


@strict(frozen=True, config={"extra": "forbid"})
class DeadlineCase:
    """ends: the last day. warns: when people are told. met: by a move of that day. kept: whether that was in
    time."""

    says: str
    made: list[str]
    code: str
    ends: date
    warns: date
    met: date | None = None
    kept: bool = False


@dataclass(frozen=True)
class Table:
    procedure: Procedure
    cases: tuple[MoveCase, ...]
    deadlines: tuple[DeadlineCase, ...]


@cache
def tables() -> list[Table]:
    installed = {p.id: p for p in load_packs().procedures.values()}
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        value = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        cases = TypeAdapter(tuple[MoveCase, ...]).validate_python(value["cases"])
        deadlines = TypeAdapter(tuple[DeadlineCase, ...]).validate_python(value.get("deadlines", ()))
        found.append(Table(installed[value["procedure"]], cases, deadlines))
    return found


def read(line: str) -> tuple[date, str]:
    day, code = line.split()[:2]
    return date.fromisoformat(day), code


def terms(line: str) -> SaleTerms | None:
    said = line.split()[2:]
    return sale(said[0], date.fromisoformat(said[1])) if said else None


def sale(kind: str, day: date) -> SaleTerms:
    if kind == "private":
        return SaleTerms(SaleKind.PRIVATE, day)
    return SaleTerms(SaleKind.PUBLIC, day, time(10), "12 Auction Lane, Denver")


def papers(procedure: Procedure, code: str, on: date) -> frozenset[str]:
    move = procedure.move(code, on)
    return move.documents if move is not None else frozenset()


def history(procedure: Procedure, lines: list[str], paid: str | None = None) -> LegalAction:
    """Each of which could be made."""
    action = LegalAction()
    for line in lines:
        on, code = read(line)
        part = Fraction(paid) if paid else None
        asked = Asked(code, on, on, papers(procedure, code, on), part, terms(line))
        move = may(procedure, action, asked)
        assert isinstance(move, LegalMove), f"{code} on {on}: {move}"
        action = after(procedure, action, move, on, terms(line))
    return action


def answer(procedure: Procedure, case: MoveCase) -> LegalMove | NotMade:
    on, code = read(case.do)
    documents = papers(procedure, code, on) - set(case.without)
    paid = Fraction(case.paid) if case.paid else None
    return may(
        procedure,
        history(procedure, case.made, case.paid),
        Asked(code, on, case.today or on, documents, paid, terms(case.do)),
    )
