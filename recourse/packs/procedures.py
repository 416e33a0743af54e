"""Procedures from YAML: moves and deadlines that name each other, each with its source and its period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from recourse.domain.law.rule import Rule
from recourse.domain.law.rules import Move
from recourse.domain.legal.procedure import ANY, ENDED, START, LegalDeadline, LegalMove, Meaning, Procedure
from recourse.packs.letters import letter_kinds
from recourse.packs.strict import Bounds, PackError, check_bounds, read_yaml, validate

HOUSE_PROCEDURE = "HOUSE"
"""Of every place without one of its own."""
_DEADLINE: Bounds = {"days": (0, 3660), "months": (0, 480), "warn_days": (0, 3660)}
_WAITING: Bounds = {"days": (1, 3660)}


def load_procedure(name: str, text: str) -> Procedure:
    """Raises PackError."""
    procedure: Procedure = validate(name, read_yaml(name, text), Procedure)
    _check_versions(name, "moves", procedure.moves)
    _check_versions(name, "deadlines", procedure.deadlines)
    codes = {move.code for move in procedure.moves}
    known = {deadline.code for deadline in procedure.deadlines}
    for move in procedure.moves:
        _check_move(f"{name}: moves.{move.code}", move, procedure, codes, known)
    for deadline in procedure.deadlines:
        _check_deadline(f"{name}: deadlines.{deadline.code}", deadline, codes)
    _check_statuses(name, procedure)
    return procedure


def by_region(procedures: Iterable[tuple[str, Procedure]]) -> dict[str, Procedure]:
    """Raises PackError for a place that two of them claim."""
    found: dict[str, Procedure] = {}
    for name, procedure in procedures:
        for place in procedure.regions or (procedure.id,):
            if place in found:
                raise PackError(f"{name}: regions: {found[place].id} is for {place} already")
            found[place] = procedure
    return found


def procedure_for(known: Mapping[str, Procedure], region: str) -> Procedure:
    """Of a place, else of its country, else of the house. Raises PackError where there is none at all."""
    for place in (region, region.partition("-")[0], HOUSE_PROCEDURE):
        if place in known:
            return known[place]
    raise PackError(f"legal: no procedure is installed, and none of {HOUSE_PROCEDURE} in its place")


def _check_versions(name: str, field: str, rules: Iterable[Rule]) -> None:
    for one, other in combinations(rules, 2):
        if one.code == other.code and _overlap(one, other):
            raise PackError(
                f"{name}: {field}: {one.code} stands twice for the same days; end one (effective_to) before "
                "the other begins (effective_from)"
            )


def _overlap(one: Rule, other: Rule) -> bool:
    days = [rule.effective_from for rule in (one, other) if rule.effective_from is not None]
    first = max(days) if days else None
    return first is None or (one.in_force(first) and other.in_force(first))


def _check_move(
    where: str, move: LegalMove, procedure: Procedure, codes: set[str], deadlines: set[str]
) -> None:
    states = {START} | {one.to for one in procedure.moves if one.track == move.track}
    if not move.after:
        raise PackError(f"{where}.after: names no state, so the move can never be made")
    _check_known(where, "after", move.after - {ANY}, states, "state of its track")
    _check_known(where, "needs", move.needs, codes, "move")
    _check_known(where, "within", move.within, deadlines, "deadline")
    for waiting in move.waits:
        _check_known(where, "waits.after", {waiting.after}, codes, "move")
        check_bounds(f"{where}.waits", waiting, _WAITING)
    if move.once_paid is not None:
        part = move.once_paid
        _check_known(where, "once_paid.needs", part.needs, codes, "move")
        if not part.needs or not 0 < part.numerator < part.denominator:
            raise PackError(f"{where}.once_paid: a part of the price below one, and a move that it needs")
    if move.means is Meaning.CONCLUDED and move.to != ENDED:
        raise PackError(f"{where}.to: must be {ENDED}, for nothing follows what concludes the action")
    _check_terms(where, move, procedure, states)
    if move.begins is Move.LEGAL and move.means is Meaning.CONCLUDED:
        raise PackError(f"{where}.begins: what concludes the action begins nothing")


def _check_terms(where: str, move: LegalMove, procedure: Procedure, states: set[str]) -> None:
    planning = {one.code for one in procedure.moves if one.terms is not None}
    if move.as_planned is not None:
        _check_known(where, "as_planned", {move.as_planned}, planning, "move with terms")
    if move.means is Meaning.CALLED_OFF and (move.documents or move.begins or move.terms):
        raise PackError(f"{where}.means: the system calls off by itself; it has no papers, permits or terms")
    letter = move.letter
    if letter is None:
        return
    _check_known(where, "letter.when", {letter.when}, states, "state of its track")
    _check_known(where, "letter.document", {letter.document, letter.proof}, move.documents, "paper of it")
    _check_known(where, "letter.template", {letter.template}, letter_kinds(), "letter")
    if letter.when not in move.after:
        raise PackError(f"{where}.letter.when: the move may not follow {letter.when}; add it to `after`")
    if move.gives is not None and move.gives != letter.template:
        raise PackError(f"{where}.letter.template: the move gives {move.gives}; the letter must be that one")
    if move.begins or move.terms or move.once_paid:
        raise PackError(f"{where}.letter: the system makes it by itself; it begins and tells nothing")


def _check_deadline(where: str, deadline: LegalDeadline, codes: set[str]) -> None:
    check_bounds(where, deadline, _DEADLINE)
    _check_known(where, "starts", deadline.starts, codes, "move")
    _check_known(where, "ended_by", deadline.ended_by, codes, "move")
    if not deadline.starts or not deadline.ended_by:
        raise PackError(f"{where}: names no move that starts it, or none that ends it")
    if not deadline.days + deadline.months:
        raise PackError(f"{where}.days: a deadline of no days; give days or months")


def _check_known(where: str, field: str, named: Iterable[str], known: Iterable[str], what: str) -> None:
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise PackError(f"{where}.{field}: {unknown[0]} is no {what}; check its spelling")


def _check_statuses(name: str, procedure: Procedure) -> None:
    """The desk's word must mean one thing."""
    for one, other in combinations(procedure.moves, 2):
        both = set(_reported(one)) & set(_reported(other))
        if both and one.code != other.code and _overlap(one, other):
            raise PackError(f"{name}: statuses: {min(both)} stands for {one.code} and {other.code}")
    for move in procedure.moves:
        meant = procedure.noted & set(_reported(move))
        if meant:
            raise PackError(f"{name}: noted: {min(meant)} is a status of {move.code}; leave one out")


def _reported(move: LegalMove) -> Iterator[str]:
    yield move.code
    yield from move.statuses
