"""`recourse evidence`: seal what was written, prove it, and find out whether somebody changed it since."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import (
    DOWN,
    FINDINGS,
    USAGE,
    Json,
    err,
    fail,
    listing,
    opaque,
    out,
    print_json,
    run,
    say,
)
from recourse.cli.evidence_proofs import prove, verifier

if TYPE_CHECKING:
    from recourse.app.kept_evidence import Outside, Stamped
    from recourse.app.settings import Settings
    from recourse.domain.evidence.note import Checkpoint, VerifierKey
    from recourse.reading.verifying import Verification
    from recourse.storage.database import ReadTx

app = typer.Typer(help="The evidence ledger: sealed, signed, proved.", no_args_is_help=True)
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="Public key of who signs checkpoints; default that of our own key file."),
]


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="Where the private key is written; never over another file.")],
    name: Annotated[str, typer.Option(callback=opaque, help="Who signs, such as ledger.example; for ever.")],
    as_json: Json = False,
) -> None:
    """Make the key that signs checkpoints, and print its public half to be published."""
    from recourse.domain.evidence.note import NoteError
    from recourse.gateways.signing import Ed25519Signer

    try:
        signer = Ed25519Signer.new(name)
        signer.write(file)
    except NoteError as error:
        fail(str(error), USAGE)
    except FileExistsError:
        fail(f"{file}: is there already; a key that has signed must be kept, so name another file", USAGE)
    except OSError as error:
        fail(f"{file}: {error.strerror}", USAGE)
    say({"file": str(file), "key": str(signer.key)}, str(signer.key), as_json)


@app.command()
def seal(as_json: Json = False) -> None:
    """Seal what waits now, sign the tree, leave its checkpoint outside and have it stamped.

    Exit 1 if a place outside was not reached. The process that does so all the time is `recourse seal`.
    """
    from recourse.app.seal import sealer
    from recourse.app.settings import load_settings

    async def work() -> tuple[int, dict[str, str]]:
        async with sealer(load_settings()) as one:
            return await one.seal(), await one.leave()

    rows, missed = run(work())
    say({"rows": rows, "left_outside": not missed, "missed": missed}, f"{rows} rows sealed", as_json)
    for place, why in missed.items():
        err.print(f"{place}: not left there: {why}", highlight=False, soft_wrap=True)
    if missed:
        raise typer.Exit(FINDINGS)


@app.command()
def checkpoint(
    to: Annotated[
        Path | None, typer.Option("--out", help="A folder that gets the note, and its time stamp beside it.")
    ] = None,
) -> None:
    """Print the newest signed checkpoint, to be kept by somebody else."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import checkpoints

    async def work() -> tuple[str | None, bytes | None]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            note = await checkpoints.newest(tx)
            stamps = [one.response for one in await checkpoints.stamps(tx) if one.note == note]
            return note, stamps[0] if stamps else None

    note, response = run(work())
    if note is None:
        fail("nothing is sealed yet; run `recourse evidence seal`", FINDINGS)
    if to is None:
        typer.echo(note, nl=False)
        return
    run(_copied(to, note, response))
    stamped = "its time stamp beside it" if response else "no time stamp was made over it"
    out.print(f"{to}: the newest checkpoint is there, {stamped}", highlight=False, soft_wrap=True)


async def _copied(folder: Path, note: str, response: bytes | None) -> None:
    """As the sealer leaves it in a folder of others."""
    from recourse.gateways.anchors import FolderAnchor
    from recourse.ports import NotHandedOver, RefusedByProvider

    try:
        if response is None:
            await FolderAnchor(folder).leave_note(note)
        else:
            await FolderAnchor(folder).leave_stamp(note, response)
    except NotHandedOver as error:
        fail(f"--out: {folder}: {error.reason}", USAGE)
    except RefusedByProvider:
        fail(f"--out: {folder}: has another checkpoint of this size; it is never written over", FINDINGS)


@app.command()
def verify(
    keys: Keys = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A note that was kept outside, or a folder of them; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every row against its seal, every seal against the tree, the tree against what was signed and stamped.

    Exit 1 when something is not as it was; the first bad entry comes first.
    """
    from recourse.app.settings import load_settings

    found = run(_verify(load_settings(), keys, known or []))
    _tell(found, as_json)
    if found.verification.findings:
        raise typer.Exit(FINDINGS)


@dataclass(frozen=True, slots=True)
class _Verified:
    """outside: checkpoints from there. unchecked: time stamps that no roots were named for."""

    verification: Verification
    outside: int
    stamped: Stamped | None
    unchecked: int


async def _verify(settings: Settings, given: list[str] | None, paths: list[Path]) -> _Verified:
    from recourse.app import kept_evidence
    from recourse.app.compose import services
    from recourse.app.seal import timestamp_roots
    from recourse.reading.verifying import Finding, Problem
    from recourse.storage import checkpoints

    keys = _keys(given, settings)
    outside = _outside(paths, keys, settings)
    async with services(settings) as running, running.database.reading() as tx:
        notes = await checkpoints.every(tx)
        kept = kept_evidence.believed_of(notes, keys)
        found = await _looked(
            tx, [*kept, *outside.checkpoints], max((one.size for one in kept), default=None)
        )
        stamps = [
            kept_evidence.Stamp(one.place, one.note.encode(), one.response)
            for one in await checkpoints.stamps(tx)
        ]
    if unsigned := len(notes) - len(kept):
        found.findings.append(Finding(Problem.NOT_SIGNED, detail=f"{unsigned} of {len(notes)} checkpoints"))
    stamps, roots = [*outside.stamps, *stamps], timestamp_roots(settings)
    if roots is None:
        return _Verified(found, len(outside.checkpoints), None, len(stamps))
    bad, stamped = kept_evidence.checked(stamps, roots)
    found.findings += bad
    return _Verified(found, len(outside.checkpoints), stamped, 0)


async def _looked(tx: ReadTx, known: list[Checkpoint], expected: int | None) -> Verification:
    from rich.progress import Progress

    from recourse.reading.verifying import Verification, verify

    found = Verification()
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("verifying", total=expected)
        async for found in verify(tx, known):
            progress.update(bar, completed=found.size)
    return found


def _tell(verified: _Verified, as_json: bool) -> None:
    found, stamped = verified.verification, verified.stamped
    if as_json:
        facts = asdict(found) | {"root": found.root.hex(), "ok": not found.findings}
        stamps = {"stamped": asdict(stamped) if stamped else None, "stamps_unchecked": verified.unchecked}
        print_json(facts | {"outside": verified.outside} | stamps)
        return
    table = listing("what", "entry", "row", "detail", whole=("entry",))
    for finding in found.findings:
        place = "—" if finding.index is None else str(finding.index)
        table.add_row(finding.problem.value, place, f"{finding.kind} {finding.ref}".strip(), finding.detail)
    if found.findings:
        out.print(table)
    verdict = f"{len(found.findings)} findings" if found.findings else "all is as it was sealed"
    lines = [f"{found.rows} entries, {verified.outside} checkpoints from outside: {verdict}"]
    if stamped is not None:
        lines.append(f"{stamped.size} of them stood by {stamped.at:%Y-%m-%dT%H:%M:%SZ}, says a time stamp.")
    if verified.unchecked:
        lines.append(f"{verified.unchecked} time stamps not checked: set RECOURSE_EVIDENCE_TIMESTAMP_ROOTS.")
    if not verified.outside:
        lines.append(
            "No checkpoint from outside was given: whoever owns the database could have made all of this "
            "anew. See --checkpoint."
        )
    for line in lines:
        out.print(line, highlight=False, soft_wrap=True)


app.command()(prove)
app.command()(verifier)


def _keys(given: list[str] | None, settings: Settings) -> list[VerifierKey]:
    from recourse.app.seal import signing_key
    from recourse.domain.evidence.note import NoteError, VerifierKey

    if not given:
        return [signing_key(settings).key]
    try:
        return [VerifierKey.parse(text) for text in given]
    except NoteError as error:
        fail(f"--key: {error}", USAGE)


def _outside(paths: list[Path], keys: list[VerifierKey], settings: Settings) -> Outside:
    from recourse.app.kept_evidence import NotBelieved, outside

    folder = Path(settings.evidence_folder) if settings.evidence_folder else None
    if folder is not None and not folder.is_dir():
        fail(
            f"RECOURSE_EVIDENCE_FOLDER: {folder} cannot be reached; mend it, or unset it for this once", DOWN
        )
    try:
        return outside([*paths, *([folder] if folder is not None else [])], keys)
    except NotBelieved as error:
        fail(f"--checkpoint: {error}", USAGE)
