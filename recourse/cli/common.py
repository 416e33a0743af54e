"""What every command shares: running async work, exit codes, and errors that say what to do next.

Exit codes: 0 ok · 1 findings · 2 usage or settings · 3 a dependency is down.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Collection, Coroutine
from datetime import datetime
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

OK, FINDINGS, USAGE, DOWN = 0, 1, 2, 3

T = TypeVar("T")
WIDE = 200
out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
"""In a pipe there is no edge to fit to, and a cut id is of no use to `grep`."""
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def listing(*heads: str, whole: Collection[str] = ()) -> Table:
    """A table whose `whole` columns (ids, instants) are never cut: the others are folded to make room."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, no_wrap=head in whole, overflow="fold")
    return table


def fail(message: str, code: int) -> NoReturn:
    err.print(f"[red]error[/red] {message}", highlight=False)
    raise typer.Exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what went wrong becomes one line and an exit code, never a traceback."""
    from recourse.app.settings import SettingsError
    from recourse.contracts.delivery import Unavailable
    from recourse.ports import RunsUnavailable
    from recourse.stack import StackError

    try:
        return asyncio.run(work)
    except SettingsError as error:
        fail(str(error), USAGE)
    except (Unavailable, RunsUnavailable, StackError) as error:
        fail(f"{error or type(error).__name__}; see `recourse doctor`", DOWN)
    except LookupError as error:
        fail(str(error.args[0]) if error.args else str(error), USAGE)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_text) + "\n")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def short(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "—"
