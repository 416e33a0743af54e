"""`recourse dlq`: the records that were refused, to be looked at, retried or dropped."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import (
    FINDINGS,
    USAGE,
    Json,
    T,
    fail,
    listing,
    opaque,
    out,
    print_json,
    run,
    say,
    shortened,
    told,
)
from recourse.cli.kafka import answering, kafka
from recourse.cli.screen import one_line

if TYPE_CHECKING:
    from consumers.quarantine import DeadLetter, Quarantine

app = typer.Typer(help="Dead letters: records of the bank that were refused.", no_args_is_help=True)
Brokers = Annotated[str | None, typer.Option(help="Default: RECOURSE_KAFKA_BROKERS.")]
Ids = Annotated[list[str] | None, typer.Argument(help="topic/partition/offset, as `recourse dlq ls` shows.")]
All = Annotated[bool, typer.Option("--all", help="Every open letter.")]
Code = Annotated[str | None, typer.Option(help="Every open letter with this code.")]
_BY = "Who decides, an opaque id; it stays on record."
By = Annotated[str, typer.Option("--as", callback=opaque, help=_BY)]


@app.command("ls")
def list_letters(
    brokers: Brokers = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Retried and dropped ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Open letters, oldest first. Exit 1 when there is one."""
    letters = sorted(_read(brokers), key=lambda one: (one.at, one.id))
    shown = [one for one in letters if resolved or one.resolution is None]
    if as_json:
        print_json([_facts(one) for one in shown])
    else:
        heads = ("id", "what is wrong", "tries", "at (UTC)", "state")
        table = listing(*heads, whole=("id", "state"))
        for one in shown:
            state = one.resolution.value if one.resolution else "open"
            table.add_row(
                one.id,
                f"{one.code} · {one.field}: {one.message}",
                str(one.attempts),
                shortened(one.at),
                state,
            )
        out.print(table if shown else "no dead letters")
    raise typer.Exit(FINDINGS if any(one.resolution is None for one in letters) else 0)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="topic/partition/offset")],
    value: Annotated[bool, typer.Option("--value", help="Print the value too; it may be personal data.")] = (
        False
    ),
    brokers: Brokers = None,
    as_json: Json = False,
) -> None:
    """One letter with its headers; its value only when asked for."""
    found = next((one for one in _read(brokers) if one.id == letter), None)
    if found is None:
        fail(f"{letter}: no such dead letter; list them with `recourse dlq ls --resolved`", USAGE)
    headers = {name: (raw or b"").decode(errors="replace") for name, raw in found.headers}
    facts = _facts(found) | {"headers": headers}
    facts["bytes"] = len(found.value or b"")
    if value:
        facts["value"] = (found.value or b"").decode(errors="backslashreplace")
    if as_json:
        print_json(facts)
        return
    for name, text in facts.items():
        shown = text if text not in (None, {}) else "—"
        out.print(f"{name}: {one_line(str(shown))}", highlight=False, soft_wrap=True)


@app.command()
def retry(
    letters: Ids = None,
    every: All = False,
    code: Code = None,
    by: By = "operator",
    brokers: Brokers = None,
    as_json: Json = False,
) -> None:
    """Send letters to their topic once more, after what was wrong has been mended."""
    from consumers.quarantine import NotRetryable

    try:
        chosen = _resolve(brokers, letters, every, code, lambda q, chosen: q.retry(chosen, by))
    except NotRetryable as error:
        fail(str(error), FINDINGS)
    say({"sent_again": chosen}, f"{len(chosen)} sent again", as_json)


@app.command()
def drop(
    reason: Annotated[
        str, typer.Option(callback=told, help="Why nothing will come of them; it stays on record.")
    ],
    letters: Ids = None,
    every: All = False,
    code: Code = None,
    by: By = "operator",
    brokers: Brokers = None,
    as_json: Json = False,
) -> None:
    """Close letters of which nothing will come."""
    chosen = _resolve(brokers, letters, every, code, lambda q, chosen: q.drop(chosen, by, reason))
    say({"dropped": chosen}, f"{len(chosen)} dropped", as_json)


def _resolve(
    brokers: str | None,
    ids: list[str] | None,
    every: bool,
    code: str | None,
    how: Callable[[Quarantine, list[DeadLetter]], Coroutine[Any, Any, None]],
) -> list[str]:
    """The ids of those it was done to."""
    from consumers.quarantine import select

    if sum((bool(ids), every, code is not None)) != 1:
        fail("name letters by id, or pass --all, or --code CODE", USAGE)

    async def work(quarantine: Quarantine) -> list[str]:
        chosen = select(await quarantine.letters(), ids or [], every=every, code=code)
        await how(quarantine, chosen)
        return [one.id for one in chosen]

    return _on(brokers, work)


def _read(brokers: str | None) -> list[DeadLetter]:
    return _on(brokers, lambda quarantine: quarantine.letters())


def _on(brokers: str | None, work: Callable[[Quarantine], Coroutine[Any, Any, T]]) -> T:
    from recourse.app.publishing import quarantine

    async def reading() -> T:
        connection, topics = kafka(brokers)
        async with answering(connection):
            return await work(quarantine(connection, topics))

    return run(reading())


def _facts(letter: DeadLetter) -> dict[str, Any]:
    hashes = ("sha256", "key_sha256", "headers_sha256")
    names = ("id", "code", "field", "message", "attempts", "at", "version", *hashes)
    facts: dict[str, Any] = {name: getattr(letter, name) for name in names}
    key = letter.key.decode(errors="replace") if letter.key else None
    return facts | {"key": key, "resolution": letter.resolution.value if letter.resolution else None}
