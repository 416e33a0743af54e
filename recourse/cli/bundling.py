"""`recourse dossier LOAN --bundle FILE`, and `recourse bundles`: the same for many loans."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from recourse.cli.common import (
    DOWN,
    FINDINGS,
    USAGE,
    Json,
    ReadBy,
    WhatFor,
    acting,
    err,
    fail,
    listing,
    one_of,
    out,
    print_json,
    run,
    say,
)
from recourse.cli.exports import Export
from recourse.cli.screen import one_line, styled
from recourse.domain.ids import LoanId
from recourse.gateways.whole_file import put

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from recourse.app.bundling import Bundle, Bundler
    from recourse.domain.redaction import Recipient

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """export: the approved one that was named."""

    recipient: Recipient
    language: str
    actor: str
    purpose: str | None
    export: str | None


def bundle(
    loan: LoanId,
    target: Path,
    *,
    language: str,
    for_: str,
    actor: str | None,
    purpose: str | None,
    export: str | None,
    as_json: bool,
) -> None:
    """Exit 3 where the compiler of the pages is not installed."""
    from recourse.ports import NotHandedOver

    recipient = recipient_of(for_)
    one_of("--lang", language, ("zh", "en"))

    async def work() -> Bundle:
        asked = Asked(recipient, language, acting(actor), purpose, export)
        async with _bundler(asked, [loan]) as bundler:
            return await bundler.of(loan)

    try:
        made = run(work())
    except NotHandedOver as error:
        fail(str(error), DOWN)
    try:
        put(target, made.pdf, private=True)
    except OSError as error:
        fail(f"--bundle: {target}: {error.strerror}; give a path that can be written", USAGE)
    digests = {one.name: one.sha256 for one in made.files}
    told = {"file": str(target), "bytes": len(made.pdf), "for": recipient.id, "attached": digests}
    say(told, f"{target}: {len(made.files)} files are attached; it holds personal data", as_json)


def bundles(
    folder: Annotated[Path, typer.Argument(help="Where to write LOAN.pdf of each, and index.json.")],
    loans: Annotated[
        Path, typer.Option("--loans", help="A file with one loan a line; - for standard input.")
    ],
    for_: Annotated[str, typer.Option("--for", help="For whom; see `recourse recipients`.")] = "court",
    language: Annotated[str, typer.Option("--lang", help="zh or en.")] = "zh",
    at_once: Annotated[int, typer.Option(min=1, max=64, help="How many are made side by side.")] = 2,
    actor: ReadBy = None,
    purpose: WhatFor = None,
    export: Export = None,
    as_json: Json = False,
) -> None:
    """Court bundles of many loans, approved together. One that cannot be made holds up no other.

    What is in the folder already stays, so a run that was stopped goes on. Exit 1 when one is missing.
    """
    from recourse.ports import NotHandedOver

    recipient = recipient_of(for_)
    one_of("--lang", language, ("zh", "en"))
    wanted = loans_in(loans)
    told: dict[str, Any] = {"for": recipient.id, "lang": language, "bundles": {}, "failed": {}}
    _begin(folder, told)

    async def work() -> dict[str, str]:
        asked = Asked(recipient, language, acting(actor), purpose, export)
        async with _bundler(asked, wanted) as bundler:
            missing = [loan for loan in wanted if not _file(folder, loan).exists()]
            return await _all(bundler, folder, missing, at_once)

    try:
        told["failed"] = run(work())
    except NotHandedOver as error:
        fail(str(error), DOWN)
    told["bundles"] = {loan: _told(_file(folder, loan)) for loan in wanted if _file(folder, loan).exists()}
    _write(folder / INDEX, json.dumps(told, indent=1).encode())
    text = f"{len(told['bundles'])} bundles in {folder}, their digests in {INDEX}; they hold personal data"
    say(told, text, as_json)
    for loan, why in told["failed"].items():
        err.print(styled(loan, "yellow"), one_line(why), highlight=False, soft_wrap=True)
    if told["failed"]:
        raise typer.Exit(FINDINGS)


def recipients(as_json: Json = False) -> None:
    """For whom a bundle can be made, and what each does not get to see."""
    from recourse.packs.recipients import recipients as installed

    known = installed().values()
    if as_json:
        print_json([asdict(one) for one in known])
        return
    table = listing("id", "for", "letters", "withheld", "rule", whole=("id",))
    for one in known:
        table.add_row(
            one.id,
            f"{one.title['zh']} · {one.title['en']}",
            "yes" if one.letters else "digests",
            "\n".join(rule.path for rule in one.withhold) or "nothing",
            one.source,
        )
    out.print(table)


async def _all(bundler: Bundler, folder: Path, loans: Sequence[LoanId], at_once: int) -> dict[str, str]:
    """Loans of which there is none now, with the reason. Raises NotHandedOver where nothing presses or
    signs: then none can be made."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    failed: dict[str, str] = {}
    waiting = iter(loans)
    columns = TextColumn("bundles"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("bundles", total=len(loans))

        async def some() -> None:
            for loan in waiting:  # shared: each takes the next
                try:
                    _write(_file(folder, loan), (await bundler.of(loan)).pdf)
                except LookupError as error:
                    failed[loan] = str(error.args[0])
                progress.advance(bar)

        # No task group: it would wrap the error that the one line is made of.
        await asyncio.gather(*(some() for _ in range(at_once)))
    return dict(sorted(failed.items()))


def _begin(folder: Path, told: dict[str, Any]) -> None:
    """A folder is for one recipient: what one must not see would else lie among what he gets."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = json.loads((folder / INDEX).read_text("utf-8"))
    except FileNotFoundError:
        if any(folder.glob("*.pdf")):
            fail(f"{folder}: holds files of something else; give an empty folder", USAGE)
        _write(folder / INDEX, json.dumps(told, indent=1).encode())
        return
    except (OSError, ValueError) as error:
        fail(f"{folder}: {error}; give an empty folder that can be written", USAGE)
    if not isinstance(before, dict) or (before.get("for"), before.get("lang")) != (told["for"], told["lang"]):
        fail(f"{folder}: holds bundles for another recipient or in another language; give another", USAGE)


def _write(file: Path, content: bytes) -> None:
    try:
        put(file, content, private=True)
    except OSError as error:
        fail(f"{file}: {error.strerror}; give a folder that can be written", USAGE)


def _told(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"file": file.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _file(folder: Path, loan: LoanId) -> Path:
    """Ids of the bank hold no slash, but nobody wants to find out."""
    return folder / (quote(loan, safe="") + ".pdf")


def loans_in(source: Path) -> list[LoanId]:
    try:
        text = sys.stdin.read() if str(source) == "-" else source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"--loans: {source}: {error}; give a file with one loan a line", USAGE)
    found = list(dict.fromkeys(LoanId(line.strip()) for line in text.splitlines() if line.strip()))
    if not found:
        fail(f"--loans: {source}: names no loan", USAGE)
    return found


def recipient_of(key: str) -> Recipient:
    from recourse.packs.recipients import recipients as installed

    known = installed()
    one_of("--for", key, known)
    return known[key]


@asynccontextmanager
async def _bundler(asked: Asked, loans: Sequence[LoanId]) -> AsyncIterator[Bundler]:
    """Raises NotApproved where no two persons stand behind bundles of these loans."""
    from recourse.app.bundling import Bundler
    from recourse.app.compose import document_seal, services
    from recourse.app.settings import load_settings
    from recourse.service.exporting import Scope, begin

    settings = load_settings()
    seal = document_seal(settings)
    scope = Scope.of_bundles(loans, asked.recipient.id)
    async with services(settings) as running:
        approved = await running.run(
            lambda unit: begin(unit, scope, asked.export, asked.actor, settings.export_approval)
        )
        yield Bundler(running, asked.recipient, asked.language, seal, asked.actor, asked.purpose, approved)
