"""A legal action for a terminal, with what may follow in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType

from recourse.cli.common import listing
from recourse.cli.screen import one_line
from recourse.domain.money import Money

if TYPE_CHECKING:
    from recourse.reading.legal import Next, Shown


def render(action: Shown) -> Group:
    states = ", ".join(f"{track} {state}" for track, state in action.states.items()) or "not begun"
    parts: list[RenderableType] = [one_line(f"{action.case_id} · {action.procedure} · {states}")]
    if action.moves:
        parts.append(_moves(action))
    if action.deadlines:
        parts.append(_deadlines(action))
    parts.append(_following(action))
    if action.entries:
        parts.append(_amounts(action))
    return Group(*parts)


def _moves(action: Shown) -> RenderableType:
    table = listing("on", "move", "stands", "papers", "by", "rule", whole=("on",))
    for row in action.moves:
        papers = ", ".join(f"{kind} {key}" for kind, key in sorted(row.documents.items()))
        rule = f"{row.source} ({row.mark})"
        if "despite" in row.known:
            rule = f"made although {row.known['refused']} ({row.known['despite']}); {rule}"
        how = ", ".join(f"{name} {value}" for name, value in (row.terms or {}).items() if value is not None)
        stands = f"{row.track} {row.state}" + (f"\n{one_line(how)}" if how else "")
        table.add_row(str(row.on), row.code, stands, papers, row.actor, rule)
    return table


def _deadlines(action: Shown) -> RenderableType:
    from recourse.reading.legal import state_of

    table = listing("deadline", "until", "whose", "state", "source", whole=("until",))
    for row in action.deadlines:
        table.add_row(row.code, str(row.ends_on), row.whose, state_of(row, action.now), row.source)
    return table


def _following(action: Shown) -> RenderableType:
    table = listing("may follow", "takes", "today", "rule")
    for move in action.following:
        takes = [*move.documents, *([f"allowed: {move.begins}"] if move.begins else [])]
        takes += [f"how: {move.terms} (--set)"] if move.terms else []
        title = f"{move.code}\n{move.title_en} · {move.title_zh}"
        table.add_row(title, ", ".join(takes), _today(move), f"{move.source} ({move.mark})")
    return table


def _today(move: Next) -> str:
    if not move.refused:
        return "may be made"
    missing = f" ({', '.join(move.missing)})" if move.missing else ""
    return f"{move.refused}{missing}" + (f", from {move.opens_on}" if move.opens_on else "")


def _amounts(action: Shown) -> RenderableType:
    def money(minor: int) -> str:
        return str(Money(minor, action.currency))

    table = listing("on", "amount", "kind", "proof", "entry", whole=("on", "entry"))
    for row in action.entries:
        kind = f"{row.kind}, reverses {row.reverses}" if row.reverses else row.kind
        table.add_row(str(row.on), money(row.amount_minor), kind, row.proof, row.id)
    sums = action.totals
    amounts = {"costs": sums.costs_minor, "recovered": sums.recovered_minor, "net": sums.net_minor}
    return Group(table, " · ".join(f"{name} {money(minor)}" for name, minor in amounts.items()))
