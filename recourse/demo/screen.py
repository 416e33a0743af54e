"""What one sees while the demo runs: a live table in a terminal, one line every ten days elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from recourse.demo.book import START, Loan
from recourse.reading.cases import CaseLine
from recourse.reading.figures import Figures

if TYPE_CHECKING:
    from recourse.demo.runner import Outcome

_STAGES = ("reminder", "agent", "field", "legal", "closed")
_COLOURS = dict(zip(_STAGES, ("cyan", "yellow", "magenta", "red", "green"), strict=True))


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at the system. day: business days since the start."""

    day: float
    seconds: float
    cases: Sequence[CaseLine]
    figures: Figures
    answered: int


def screen(moment: Moment, loans: Sequence[Loan], links: Mapping[str, str]) -> Group:
    """Everything on some thirty lines."""
    return Group(
        _head(moment), _plots(moment, loans), _sums(moment), Panel(_links(links), title="open", expand=False)
    )


def line(moment: Moment) -> str:
    """The same in one line."""
    stages = Counter(_stage(case) for case in moment.cases)
    told = " ".join(f"{stage} {stages[stage]}" for stage in _STAGES)
    sent = sum(n for code, n in moment.figures.contacts.items() if code.endswith((" sent", "connected")))
    return (
        f"day {moment.day:4.0f}  {told}  contacts {sent}  refused {sum(moment.figures.refusals.values())}"
        f"  answered {moment.answered}"
    )


def _head(moment: Moment) -> Text:
    today = START + timedelta(days=moment.day)
    text = Text(f"Recourse · {today:%Y-%m-%d %H:%M} UTC · day {moment.day:.0f}", style="bold")
    return text.append(f" · {moment.seconds:.0f} s", style="dim")


def _plots(moment: Moment, loans: Sequence[Loan]) -> Table:
    latest: dict[str, CaseLine] = {}
    for case in sorted(moment.cases, key=lambda case: case.opened_at):
        latest[case.loan_id] = case
    table = Table("what happens", "loans", *_STAGES, "next", box=None, pad_edge=False)
    for name in dict.fromkeys(loan.plot.name for loan in loans):
        mine = [latest.get(loan.id) for loan in loans if loan.plot.name == name]
        stages = Counter(_stage(case) for case in mine if case is not None)
        cells = [Text(str(stages[s] or "·"), style=_COLOURS[s] if stages[s] else "dim") for s in _STAGES]
        following = next((c.next_step for c in mine if c is not None and not c.closed_reason), None)
        ended = {case.closed_reason for case in mine if case is not None and case.closed_reason}
        table.add_row(name.replace("_", " "), str(len(mine)), *cells, following or ", ".join(sorted(ended)))
    return table


def _sums(moment: Moment) -> Table:
    figures = moment.figures
    table = Table(box=None, show_header=False, pad_edge=False)
    for title, counts in (
        ("contacts", figures.contacts),
        ("refused by the gate", figures.refusals),
        ("tasks", figures.tasks),
        ("promises", figures.promises),
        ("handovers", figures.handovers),
    ):
        table.add_row(title, " · ".join(f"{code} {n}" for code, n in counts.items()) or "—")
    return table


def _links(links: Mapping[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, address in links.items():
        table.add_row(name, Text(address, overflow="fold"))
    return table


def _stage(case: CaseLine) -> str:
    return "closed" if case.closed_reason else case.stage


def report(console: Console, outcome: Outcome, loans: int) -> None:
    """The summary at the end."""
    problems, moment, account = outcome.problems, outcome.moment, outcome.account
    ledger, scan = outcome.ledger, outcome.scan.report
    for subject, said in problems.items():
        for problem in said:
            console.print(f"[red]✗[/] {subject}: {problem}")
    good = loans - sum(1 for subject in problems if subject.startswith("DEMO-"))
    mark = "[green]✓[/]" if not problems else "[red]✗[/]"
    console.print(
        f"{mark} {good} of {loans} dossiers read as they must, after {moment.day:.0f} business days "
        f"in {moment.seconds:.0f} s; {account.made_again} decisions were made again from what is stored, "
        f"{len(account.differs)} differ; {ledger.entries} sealed rows are as they were sealed, by "
        f"{ledger.outside} checkpoints kept outside"
    )
    if scan:
        places = ", ".join(scan["looked_at"])
        console.print(
            f"[green]✓[/] none of the book's {scan['values']} names, numbers, addresses and plates "
            f"stands anywhere in {places}, where none should"
        )
    if account.refusal is not None:
        console.print(
            f"A contact was refused. [bold]recourse {' '.join(account.refusal.command)}[/] says why:"
        )
        console.print(account.told, markup=False, highlight=False, soft_wrap=True)
