"""The limitation clock on screens, and `recourse cases limitation`: which claims run out next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import FINDINGS, Json, listing, out, print_json, run

if TYPE_CHECKING:
    from recourse.service.limiting import LimitationLine

UNKNOWN = "limitation: not known; no law pack of the places has a rule, or no due date is known"


def told(lines: Iterable[dict[str, Any]]) -> list[str]:
    """One line a rule, for screens."""
    said = []
    for line in lines:
        proof = line.get("restarted_by")  # documents leave out what is empty
        since = f"from {line['runs_from']}"
        since += f" by {proof['kind']} {proof['ref']}" if proof else f" (began {line['began_on']})"
        left = f"{line['days_left']} days left" if line["days_left"] >= 0 else "has run out"
        said.append(f"limitation until {line['ends_on']}, {left} · {since} · {line['source']}")
    return said or [UNKNOWN]


def limitation(
    within: Annotated[int, typer.Option(min=0, help="Days from today.")] = 180,
    as_json: Json = False,
) -> None:
    """Open cases whose claim can no longer be enforced soon, the soonest first. Exit 1 when there are any."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.service.limiting import Limits

    async def work() -> tuple[list[LimitationLine], int]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            now = await running.database.now(tx)
            return await Limits(running.book, running.lenders).running_out(tx, now, within)

    lines, unknown = run(work())
    if as_json:
        print_json({"running_out": [asdict(line) for line in lines], "not_known": unknown})
    else:
        _show(lines, unknown, within)
    raise typer.Exit(FINDINGS if lines else 0)


def _show(lines: list[LimitationLine], unknown: int, within: int) -> None:
    table = listing("case", "until", "days left", "runs from", "by", "source", whole=("case", "until"))
    for line in lines:
        proof = line.restarted_by
        by = f"{proof['kind']} {proof['ref']}" if proof else "beginning"
        table.add_row(
            line.case_id, str(line.ends_on), str(line.days_left), str(line.runs_from), by, line.source
        )
    out.print(table if lines else f"no claim of an open case runs out within {within} days")
    if unknown:
        out.print(f"of {unknown} open cases the end is not known: no rule, or no due date", highlight=False)
