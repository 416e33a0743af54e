"""`recourse dlq`: the records that were refused, to be looked at, retried or dropped."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import DOWN, FINDINGS, USAGE, Json, T, fail, listing, out, print_json, run

if TYPE_CHECKING:
    from consumers.quarantine import DeadLetter, Quarantine

app = typer.Typer(help="Dead letters: records of the bank that were refused.", no_args_is_help=True)
Brokers = Annotated[str | None, typer.Option(help="Default: RECOURSE_KAFKA_BROKERS.")]
Ids = Annotated[list[str] | None, typer.Argument(help="topic/partition/offset, as `recourse dlq ls` shows.")]
All = Annotated[bool, typer.Option("--all", help="Every open letter.")]
Code = Annotated[str | None, typer.Option(help="Every open letter with this code.")]
By = Annotated[str, typer.Option("--as", help="Who decides, an opaque id; it stays on record.")]


@app.command("ls")
def list_letters(
    brokers: Brokers = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Retried and dropped ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Open letters, oldest first. Exit 1 when there is one."""
    letters = _read(brokers)
    shown = [one for one in letters if resolved or one.resolution is None]
    if as_json:
        print_json([_facts(one) for one in shown])
    else:
        heads = ("id", "code", "field", "what is wrong", "tries", "at (UTC)", "state")
        table = listing(*heads, whole=("id", "code", "at (UTC)"))
        for one in shown:
            state = one.resolution.value if one.resolution else "open"
            table.add_row(
                one.id,
                one.code,
                one.field,
                one.message,
                str(one.attempts),
                one.at[:16].replace("T", " "),
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
    facts = _facts(found) | {"headers": {name: raw.decode(errors="replace") for name, raw in found.headers}}
    facts["bytes"] = len(found.value or b"")
    if value:
        facts["value"] = (found.value or b"").decode(errors="backslashreplace")
    if as_json:
        print_json(facts)
        return
    for name, text in facts.items():
        out.print(f"{name}: {text}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def retry(
    letters: Ids = None, every: All = False, code: Code = None, by: By = "operator", brokers: Brokers = None
) -> None:
    """Send letters to their topic once more, after what was wrong has been mended."""
    from consumers.quarantine import NotRetryable

    try:
        _resolve(brokers, letters, every, code, lambda q, chosen: q.retry(chosen, by), "sent again")
    except NotRetryable as error:
        fail(str(error), FINDINGS)


@app.command()
def drop(
    reason: Annotated[str, typer.Option(help="Why nothing will come of them; it stays on record.")],
    letters: Ids = None,
    every: All = False,
    code: Code = None,
    by: By = "operator",
    brokers: Brokers = None,
) -> None:
    """Close letters of which nothing will come."""
    _resolve(brokers, letters, every, code, lambda q, chosen: q.drop(chosen, by, reason), "dropped")


def _resolve(
    brokers: str | None,
    ids: list[str] | None,
    every: bool,
    code: str | None,
    how: Callable[[Quarantine, list[DeadLetter]], Coroutine[Any, Any, None]],
    done: str,
) -> None:
    from consumers.quarantine import select

    if sum((bool(ids), every, code is not None)) != 1:
        fail("name letters by id, or pass --all, or --code CODE", USAGE)

    async def work(quarantine: Quarantine) -> int:
        chosen = select(await quarantine.letters(), ids or [], every=every, code=code)
        await how(quarantine, chosen)
        return len(chosen)

    out.print(f"{_on(brokers, work)} {done}")


def _read(brokers: str | None) -> list[DeadLetter]:
    return _on(brokers, lambda quarantine: quarantine.letters())


def _on(brokers: str | None, work: Callable[[Quarantine], Coroutine[Any, Any, T]]) -> T:
    from aiokafka.errors import KafkaError

    from recourse.app.publishing import quarantine
    from recourse.app.settings import adopt_stack, load_topics

    adopt_stack()
    address = brokers or os.environ.get("RECOURSE_KAFKA_BROKERS", "localhost:9092")
    try:
        return run(work(quarantine(address, load_topics())))
    except (KafkaError, TimeoutError):
        fail(f"Kafka at {address} does not answer; start it or set RECOURSE_KAFKA_BROKERS", DOWN)


def _facts(letter: DeadLetter) -> dict[str, Any]:
    names = ("id", "code", "field", "message", "attempts", "at", "version", "sha256")
    facts = {name: getattr(letter, name) for name in names}
    key = letter.key.decode(errors="replace") if letter.key else None
    return facts | {"key": key, "resolution": letter.resolution.value if letter.resolution else None}
