"""`python -m recourse.demo [--once] [--json FILE] [--seconds-a-day S]`: what `make demo` runs."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from recourse.demo.book import loans
from recourse.demo.processes import Deployment
from recourse.demo.runner import Outcome, linger, run
from recourse.demo.screen import Moment, line, report, screen
from recourse.demo.sealing import prepare
from recourse.stack import StackError, running
from recourse.stack.ports import HOST
from recourse.stack.state import Home

FINDINGS, DOWN = 1, 3
console = Console()


def main(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself when every loan is at its end.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the summary here too.")] = None,
    seconds_a_day: Annotated[
        float | None,
        typer.Option(
            min=0.5, max=86_400, help="How long a business day lasts; 2.5, or more where the machine is slow."
        ),
    ] = None,
) -> None:
    """About forty invented loans on real servers, from the first overdue event to the lawyer's desk."""
    try:
        outcome = asyncio.run(_demo(once, json_file, seconds_a_day))
    except StackError as error:
        console.print(f"[red]error[/] {error}", highlight=False, markup=True)
        raise typer.Exit(DOWN) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    raise typer.Exit(FINDINGS if outcome.problems else 0)


async def _demo(once: bool, json_file: Path | None, seconds_a_day: float | None) -> Outcome:
    home = Home.default().path / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    book = loans()
    async with running(home, usual_ports=True, report=_started) as addresses:
        deployment = Deployment(home, addresses, seconds_a_day, more=prepare(home))
        try:
            await deployment.start()
            console.print(f"[green]✓[/] {', '.join(child.name for child in deployment.children)} are up")
            with Shown(deployment) as show:
                outcome = await run(deployment, book, show)
            report(console, outcome, len(book))
            if json_file is not None:
                text = json.dumps(outcome.to_json(book), ensure_ascii=False, indent=2)
                await asyncio.to_thread(json_file.write_text, text + "\n")
            if not once:
                console.print("Everything stays up to be looked at; Ctrl-C ends it.")
                await linger(deployment)
            return outcome
        finally:
            await deployment.stop()


def _started(member: str, source: str, seconds: float) -> None:
    console.print(f"[green]✓[/] {member:<11} {seconds:5.1f} s  [dim]{source}[/]")


class Shown:
    """A live table in a terminal; a line every ten days in a file."""

    def __init__(self, deployment: Deployment) -> None:
        self._links = _links(deployment)
        self._book = loans()
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="visible")
        self._told = -10.0

    def __enter__(self) -> Callable[[Moment], None]:
        if console.is_terminal:
            self._live.start()
        else:
            for name, address in self._links.items():
                console.print(f"{name}: {address}", soft_wrap=True, highlight=False)
        return self._show

    def __exit__(self, *_: object) -> None:
        if console.is_terminal:
            self._live.stop()

    def _show(self, moment: Moment) -> None:
        if console.is_terminal:
            self._live.update(screen(moment, self._book, self._links), refresh=True)
        elif moment.day - self._told >= 10:
            self._told = moment.day
            console.print(line(moment), highlight=False, soft_wrap=True)


def _links(deployment: Deployment) -> dict[str, str]:
    addresses = deployment.addresses
    namespace = addresses.temporal_namespace
    return {
        "Temporal UI": f"{addresses.temporal_ui_url}/namespaces/{namespace}/workflows",
        "its contents": f"http://{HOST}:{addresses.codec_port}/",
        "API": f"{deployment.api_url}/api/docs",
        "token (lead)": deployment.tokens["lead"],
        "command line": f"set -a; . {_short(deployment.env_file)}; set +a; .venv/bin/recourse cases list",
        "logs": _short(deployment.home / "logs"),
    }


def _short(path: Path) -> str:
    """Relative to where we are, where that is shorter to type."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    typer.run(main)
