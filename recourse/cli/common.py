"""What every command shares: running async work, exit codes, and errors that say what to do next.

Exit codes: 0 ok · 1 findings · 2 usage or settings · 3 a dependency is down.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Collection, Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.text import Text

from recourse.cli.screen import Listing, Screen, harmless_json, one_line, styled

OK, FINDINGS, USAGE, DOWN = 0, 1, 2, 3
T = TypeVar("T")
WIDE = 200
out = Screen(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE)
"""In a pipe there is no edge to fit to, and a cut id is of no use to `grep`."""
err = Screen(stderr=True)
LONGEST_ID = 64

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def opaque(text: str) -> str:
    """An id that a person chose: it stays on record for ever, so it must not be a name or empty."""
    if not text or len(text) > LONGEST_ID or not text.isprintable() or set(text) & set(" @"):
        raise typer.BadParameter(f"an opaque id: 1 to {LONGEST_ID} characters without spaces and @")
    return text


def opaque_or_none(text: str | None) -> str | None:
    """The same, where it may be left out."""
    return None if text is None else opaque(text)


ReadBy = Annotated[
    str | None,
    typer.Option("--as", callback=opaque_or_none, help="Opaque id of who reads; else the user's number."),
]
WhatFor = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        callback=opaque_or_none,
        help="What for: a code or a file number, kept with it.",
    ),
]
"""Of commands whose reading is kept."""


def told(text: str) -> str:
    """A text that somebody will read later."""
    if not text.strip() or not text.isprintable():
        raise typer.BadParameter("some words, please: it stays on record")
    return text


def instant(option: str, text: str | None) -> datetime | None:
    """In UTC; None is left out."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # the last of a day of the last year has no instant in UTC
        fail(f"{option}: an instant like 2026-12-31T00:00:00+08:00", USAGE)
    fail(f"{option}: needs an offset, like 2026-12-31T00:00:00+08:00", USAGE)


def one_of(option: str, value: str | None, allowed: Iterable[str]) -> None:
    """A code that must be known; None is left out."""
    codes = list(allowed)
    if value is not None and value not in codes:
        fail(f"{option}: one of {', '.join(codes)}", USAGE)


def acting(actor: str | None) -> str:
    """Who reads: as he says, else the user of this machine."""
    return actor or f"uid-{os.getuid()}"


def listing(*heads: str, whole: Collection[str] = ()) -> Listing:
    """A table whose `whole` columns (ids, instants) are never cut: the others are folded to make room."""
    table = Listing(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for head in heads:
        shortest = max(len(word) for word in head.split()) if head else None
        table.add_column(head, no_wrap=head in whole, overflow="fold", min_width=shortest)
    return table


def tracked(items: Sequence[T], doing: str) -> Iterable[T]:
    """The items, with a progress bar where somebody watches."""
    from rich.progress import track

    return track(items, doing, console=err, transient=True, disable=not err.is_terminal)


def fail(message: str, code: int) -> NoReturn:
    err.print(styled("error", "red"), one_line(message), highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what went wrong becomes one line and an exit code, never a traceback."""
    from recourse.cli.failures import explained

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it repeats what the one line says
    try:
        return asyncio.run(work)
    except Exception as error:
        explanation = explained(error)
        if explanation is None:
            raise
        fail(*explanation)


def say(facts: dict[str, Any], text: str | Text, as_json: bool) -> None:
    """What was done: for a program or for a person."""
    if as_json:
        print_json(facts)
    else:
        out.print(text, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    sys.stdout.write(harmless_json(json.dumps(value, ensure_ascii=False, indent=2, default=_text)) + "\n")


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def short(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "—"


def shortened(instant: str | None) -> str:
    """The same for an instant that is kept as text."""
    return instant[:16].replace("T", " ") if instant else "—"
