"""`recourse simulate`: what a strategy would do to a book, before it does."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, err, fail, print_json

if TYPE_CHECKING:
    from recourse.domain.strategy.ladder import Strategy
    from recourse.packs.behaviours import Behaviour
    from recourse.packs.loader import PackBook
    from recourse.simulation.loans import Book
    from recourse.simulation.spreading import Result, Setup

INVENTED = "synthetic:"
MOST_LOANS = 10_000_000
MOST_DAYS = 3660
_STRATEGY = "A YAML file, or the id or id@version of an installed strategy."
_BOOK = "synthetic:N for N invented loans, or a Metro 2 file (or its .zip)."
_BEHAVIOUR = "A YAML file that says how borrowers behave; else the country's."
_FORMAT = ["%Y-%m-%d"]


def simulate(
    strategy: Annotated[str, typer.Option(help=_STRATEGY)],
    book: Annotated[str, typer.Option(help=_BOOK)],
    first: Annotated[datetime, typer.Option("--from", formats=_FORMAT, help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=_FORMAT, help="Last day, included.")],
    against: Annotated[str | None, typer.Option(help="A second strategy, B; the first is A.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other borrowers.")] = 1,
    behaviour: Annotated[Path | None, typer.Option(help=_BEHAVIOUR)] = None,
    region: Annotated[str | None, typer.Option(help="Of loans and lender; else the strategy's.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Default: one a core.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts to this file.")] = None,
    as_json: Json = False,
) -> None:
    """Try a strategy on a virtual clock, with production's own decisions and invented borrowers.

    The same seed gives the same result. Exit 1 when a record of the book could not be read; the others are
    simulated all the same."""
    window = (first.date(), last.date())
    if not 1 <= (window[1] - window[0]).days + 1 <= MOST_DAYS:
        fail(f"--to: must be 0 to {MOST_DAYS - 1} days after --from", USAGE)
    setup = _setup(strategy, against, behaviour, region, window, seed)
    loans, unreadable = _book(book, setup)
    if html is not None and not html.parent.is_dir():
        fail(f"--html {html}: there is no such folder", USAGE)
    result = _run(setup, loans, processes or os.cpu_count() or 1)
    _tell(setup, result, book, as_json, html)
    if unreadable:
        err.print(f"unreadable records: {unreadable}; see `recourse import metro2 --dry-run`")
    raise typer.Exit(FINDINGS if unreadable else 0)


def _setup(
    strategy: str,
    against: str | None,
    behaviour: Path | None,
    region: str | None,
    window: tuple[date, date],
    seed: int,
) -> Setup:
    from recourse.domain.law.rule import Collector
    from recourse.packs.loader import Place
    from recourse.packs.strict import PackError
    from recourse.simulation.spreading import Setup
    from recourse.simulation.trial import Trial, Window

    try:
        installed = _installed()
        a = _strategy("--strategy", strategy, installed)
        b = _strategy("--against", against, installed) if against is not None else None
        if region is None and b is not None and a.region != b.region:
            fail(f"--against: is for {b.region}, the other for {a.region}; name one --region for both", USAGE)
        where = region or a.region
        place = Place(where, where, Collector.CREDITOR, "auto_loan")
        if not installed.packs_for(place, window[0]):
            fail(f"--region {where}: no law pack, so nothing would be permitted; see docs/law.md", USAGE)
        trials = tuple(Trial.of(one, place, installed) for one in (a, b) if one is not None)
        return Setup(trials, _behaviour(behaviour, where), Window(*window), seed)
    except PackError as error:
        fail(str(error), USAGE)


def _installed() -> PackBook:
    """As production has them, with the operator's own strategies and house rules."""
    from recourse.app.compose import packs
    from recourse.app.settings import SettingsError, load_pack_settings

    try:
        return packs(load_pack_settings())
    except SettingsError as error:
        fail(str(error), USAGE)


def _strategy(option: str, given: str, installed: PackBook) -> Strategy:
    """Raises PackError."""
    from recourse.packs.strategies import load_strategy_file

    path = Path(given)
    if path.is_file():
        try:
            return load_strategy_file(path)
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{option} {given}: cannot be read: {type(error).__name__}", USAGE)
    if given in installed.strategies:
        return installed.strategies[given]
    versions = [s for s in installed.strategies.values() if s.id == given]
    if not versions:
        known = ", ".join(sorted(installed.strategies))
        fail(f"{option} {given}: no such file, and no installed strategy (there are: {known})", USAGE)
    return max(versions, key=lambda s: s.version)


def _behaviour(path: Path | None, region: str) -> Behaviour:
    """Raises PackError."""
    from recourse.packs.behaviours import installed_behaviours, load_behaviour_file

    if path is not None:
        try:
            return load_behaviour_file(path)
        except (OSError, UnicodeDecodeError) as error:
            fail(f"--behaviour {path}: cannot be read: {type(error).__name__}", USAGE)
    found = installed_behaviours().get(region.partition("-")[0])
    if found is None:
        fail(f"--behaviour: none is installed for {region}; give a file, see docs/simulation.md", USAGE)
    return found


def _book(given: str, setup: Setup) -> tuple[Book, int]:
    """(loans, records that could not be read)"""
    from recourse.simulation.loans import InventedBook

    if not given.startswith(INVENTED):
        return _metro2(Path(given), setup)
    text = given.removeprefix(INVENTED)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_LOANS):
        fail(f"--book {given}: synthetic:N with N from 1 to {MOST_LOANS}", USAGE)
    numbers = range(1, int(text) + 1)
    return InventedBook(setup.behaviour.book, setup.seed, setup.window.first, numbers), 0


def _metro2(path: Path, setup: Setup) -> tuple[Book, int]:
    from recourse.importers.metro2 import Origin, read, read_book
    from recourse.importers.metro2.loans import opening_loans
    from recourse.importers.metro2.opening import NotReadable, opened
    from recourse.simulation.loans import LoanList

    behaviour = setup.behaviour
    origin = Origin(
        key=os.environ.get("RECOURSE_IMPORT_KEY", "").encode(),
        zone=behaviour.lender_zone,
        currency=behaviour.currency,
    )
    try:
        with opened(path) as (stream, _):
            book = read_book(read(stream), origin)
    except NotReadable as error:
        fail(f"--book {path}: {error}", USAGE)
    if book.newest is None:
        fail(f"--book {path}: no loan in it that was ever overdue; is it a Metro 2 file?", FINDINGS)
    loans = opening_loans(book, setup.window.first, behaviour.lender_zone)
    return LoanList(loans), book.accounting.unparseable


def _run(setup: Setup, loans: Book, processes: int) -> Result:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from recourse.simulation.spreading import simulate

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("simulating loans", total=len(loans))
        return simulate(setup, loans, processes, lambda count: bar.advance(task, count))


def _tell(setup: Setup, result: Result, book: str, as_json: bool, html: Path | None) -> None:
    from recourse.cli.simulation_view import show
    from recourse.simulation.page import page
    from recourse.simulation.report import report

    named = book if book.startswith(INVENTED) else Path(book).name
    told: dict[str, Any] = report(setup, result, named)
    if html is not None:
        try:
            html.write_text(page(told), encoding="utf-8")
        except OSError as error:
            fail(f"--html {html}: {error.strerror}; give a path that can be written", USAGE)
    if as_json:
        print_json(told)
    else:
        show(told)
        if html is not None:
            err.print(f"page written to {html}")
