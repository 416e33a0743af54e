"""The result of a simulation for a person at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from recourse.cli.common import listing, out
from recourse.cli.screen import Listing, styled
from recourse.domain.money import Money

MOST_REFUSALS = 15


def show(told: dict[str, Any]) -> None:
    """told: as `recourse.simulation.report` makes it."""
    sides = told["strategies"]
    model = told["behaviour"]
    out.print(
        styled(f"{told['loans']:,} loans, {told['from']} to {told['to']} ({told['days']} days)", "bold"),
        f" book {told['book']}, law of {told['region']}, seed {told['seed']}",
        highlight=False,
    )
    out.print(
        f"borrowers {model['name']}: invented; {model['assumed']} of {model['numbers']} numbers are assumed",
        highlight=False,
    )
    for name, side in sides.items():
        out.print(f"{name}: {side['strategy']}", highlight=False)
    out.print(_figures(told))
    out.print(_counted("contacts", "channel", "outcome", sides))
    out.print(_refusals(sides))
    out.print(_counted("stage_flow", "from", "to", sides))
    if "difference" in told:
        out.print(_difference(told))


def _figures(told: dict[str, Any]) -> Listing:
    def money(minor: float) -> str:
        return str(Money(round(minor), told["currency"]))

    def kept(side: dict[str, Any]) -> str:
        promises = side["promises"]
        return f"{promises.get('made', 0):,} / {promises.get('kept', 0):,} / {promises.get('broken', 0):,}"

    rows: dict[str, Callable[[dict[str, Any]], str]] = {
        "cases opened": lambda s: f"{s['cases']:,}",
        "cured": lambda s: f"{s['cured']:,}",
        "fell behind": lambda s: money(s["fell_behind_minor"]),
        "arrears paid": lambda s: money(s["paid_minor"]),
        "share paid": lambda s: "—" if s["paid_share"] is None else f"{s['paid_share']:.1%}",
        "arrears left": lambda s: money(s["unpaid_at_end_minor"]),
        "contacts": lambda s: f"{s['contacts_total']:,}",
        "refused by the gate": lambda s: f"{s['refused_total']:,}",
        "of these by the law (breaches avoided)": lambda s: f"{s['breaches_avoided']:,}",
        "promises made / kept / broken": kept,
        "handed over": lambda s: f"{s['handovers']:,}",
        "agent hours": lambda s: f"{s['agent_hours']:,.1f}",
        "cost": lambda s: money(s["cost_minor"]),
    }
    table = listing("figure", *told["strategies"])
    _right(table)
    for name, cell in rows.items():
        table.add_row(name, *(cell(side) for side in told["strategies"].values()))
    return table


def _counted(part: str, first: str, second: str, sides: dict[str, Any]) -> Listing:
    table = listing(first, second, *sides)
    _right(table, 2)
    counts = {
        name: {(row[first], row[second]): row["count"] for row in side[part]} for name, side in sides.items()
    }
    for key in _keys(counts.values()):
        cells = (f"{of.get(key, 0):,}" for of in counts.values())
        table.add_row(key[0] or "(opened)", key[1], *cells)
    return table


def _refusals(sides: dict[str, Any]) -> Listing:
    table = listing("refused", "rule", *sides, "source")
    _right(table, 2, len(sides))
    counts = {
        name: {(r["code"], r["rule"], r["source"]): r["count"] for r in side["refusals"]}
        for name, side in sides.items()
    }
    keys = sorted(_keys(counts.values()), key=lambda key: -max(of.get(key, 0) for of in counts.values()))
    for key in keys[:MOST_REFUSALS]:
        table.add_row(key[0], key[1], *(f"{of.get(key, 0):,}" for of in counts.values()), key[2])
    if len(keys) > MOST_REFUSALS:
        table.add_row("…", f"{len(keys) - MOST_REFUSALS} more; --json lists them all")
    return table


def _difference(told: dict[str, Any]) -> Listing:
    difference = told["difference"]
    interval = f"{difference['confidence']:.0%} interval"
    table = listing("B - A", "difference", interval, "clear of 0")
    _right(table, 1, 2)
    for row in difference["metrics"]:
        minor = row["metric"].endswith("_minor")

        def shown(value: float | None, minor: bool = minor) -> str:
            if value is None:
                return "—"
            return str(Money(round(value), told["currency"])) if minor else f"{value:,.0f}"

        span = "too few loans" if row["low"] is None else f"{shown(row['low'])} … {shown(row['high'])}"
        name = row["metric"].removesuffix("_minor").replace("_", " ")
        table.add_row(name, shown(row["total"]), span, "yes" if row["clear"] else "no")
    return table


def _keys(counts: Iterable[dict[Any, int]]) -> list[Any]:
    return sorted({key for of in counts for key in of})


def _right(table: Listing, start: int = 1, count: int | None = None) -> None:
    stop = None if count is None else start + count
    for column in table.columns[start:stop]:
        column.justify = "right"
