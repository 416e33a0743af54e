"""`recourse evidence`: seal what was written, prove it, and find out whether somebody changed it since."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recourse.cli.common import FINDINGS, USAGE, Json, err, fail, listing, opaque, out, print_json, run, say

if TYPE_CHECKING:
    from recourse.app.settings import Settings
    from recourse.domain.evidence.note import Checkpoint, VerifierKey
    from recourse.reading.verifying import Verification

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
    """Seal what waits now, sign the tree, leave its checkpoint outside.

    Exit 1 if a place outside was not reached. The process that does so all the time is `recourse seal`.
    """
    from recourse.app.seal import sealer
    from recourse.app.settings import load_settings

    async def work() -> tuple[int, bool]:
        async with sealer(load_settings()) as one:
            return await one.all()

    rows, reached = run(work())
    text = f"{rows} rows sealed" + ("" if reached else "; a place outside was not reached, see above")
    say({"rows": rows, "left_outside": reached}, text, as_json)
    if not reached:
        raise typer.Exit(FINDINGS)


@app.command()
def checkpoint() -> None:
    """Print the newest signed checkpoint, to be kept by somebody else."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.storage import checkpoints

    async def work() -> str | None:
        async with services(load_settings()) as running, running.database.reading() as tx:
            return await checkpoints.newest(tx)

    note = run(work())
    if note is None:
        fail("nothing is sealed yet; run `recourse evidence seal`", FINDINGS)
    typer.echo(note, nl=False)


@app.command()
def verify(
    keys: Keys = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A note that was kept outside, or a folder of them; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every row against its seal, every seal against the tree, the tree against what was signed.

    Exit 1 when something is not as it was; the first bad entry comes first.
    """
    from recourse.app.settings import load_settings

    async def work() -> tuple[Verification, int]:
        settings = load_settings()
        trusted = _keys(keys, settings)
        folder = [Path(settings.evidence_folder)] if settings.evidence_folder else []
        outside = _outside([*(known or []), *folder], trusted)
        return await _verify(settings, trusted, outside), len(outside)

    found, outside = run(work())
    _tell(found, outside, as_json)
    if found.findings:
        raise typer.Exit(FINDINGS)


async def _verify(settings: Settings, keys: list[VerifierKey], outside: list[Checkpoint]) -> Verification:
    from rich.progress import Progress

    from recourse.app.compose import services
    from recourse.reading.verifying import Finding, Problem, Verification, verify
    from recourse.storage import checkpoints

    found = Verification()
    async with services(settings) as running, running.database.reading() as tx:
        notes = await checkpoints.every(tx)
        kept = [one for note in notes if (one := _believed(note, keys)) is not None]
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            bar = progress.add_task("verifying", total=max((one.size for one in kept), default=None))
            async for found in verify(tx, [*kept, *outside]):
                progress.update(bar, completed=found.size)
    if len(kept) < len(notes):
        unsigned = len(notes) - len(kept)
        found.findings.append(Finding(Problem.NOT_SIGNED, detail=f"{unsigned} of {len(notes)} checkpoints"))
    return found


def _tell(found: Verification, outside: int, as_json: bool) -> None:
    if as_json:
        facts = asdict(found) | {"root": found.root.hex(), "ok": not found.findings, "outside": outside}
        print_json(facts)
        return
    table = listing("what", "entry", "row", "detail", whole=("entry",))
    for finding in found.findings:
        place = "—" if finding.index is None else str(finding.index)
        table.add_row(finding.problem.value, place, f"{finding.kind} {finding.ref}".strip(), finding.detail)
    if found.findings:
        out.print(table)
    verdict = f"{len(found.findings)} findings" if found.findings else "all is as it was sealed"
    out.print(f"{found.rows} entries, {outside} checkpoints from outside: {verdict}", highlight=False)
    if not outside:
        out.print(
            "No checkpoint from outside was given: whoever owns the database could have made all of this "
            "anew. See --checkpoint.",
            highlight=False,
        )


@app.command()
def prove(
    subject: Annotated[str, typer.Argument(help="A case, or a loan with all its cases.")],
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write it; default standard output.")
    ] = None,
    hide: Annotated[
        list[str] | None,
        typer.Option("--hide", help="A column whose values are left out; the proof stays whole. Repeatable."),
    ] = None,
) -> None:
    """What was sealed about a case or a loan, to be checked without Recourse: see `evidence verifier`."""
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import evidence_proof

    hidden = frozenset(hide or ())

    async def work() -> dict[str, Any]:
        async with services(load_settings()) as running, running.database.reading() as tx:
            chains = await evidence_proof.chains_of(tx, subject)
            return await evidence_proof.prove(tx, chains, lambda kind, name: name not in hidden)

    text = json.dumps(run(work()), ensure_ascii=False, indent=1) + "\n"
    if to is None:
        typer.echo(text, nl=False)
    else:
        to.write_text(text)
        out.print(f"{to} written; it holds personal data unless it was hidden", highlight=False)


@app.command()
def verifier() -> None:
    """Print the program that checks a proof: one file, no packages, no network."""
    from recourse.reading import verify_evidence

    typer.echo(Path(verify_evidence.__file__).read_text(), nl=False)


def _keys(given: list[str] | None, settings: Settings) -> list[VerifierKey]:
    from recourse.app.seal import signing_key
    from recourse.domain.evidence.note import NoteError, VerifierKey

    if not given:
        return [signing_key(settings).key]
    try:
        return [VerifierKey.parse(text) for text in given]
    except NoteError as error:
        fail(f"--key: {error}", USAGE)


def _believed(note: str, keys: list[VerifierKey]) -> Checkpoint | None:
    """None for a note that none of these keys signed."""
    from recourse.domain.evidence.note import Checkpoint, Note
    from recourse.gateways.signing import is_signature

    parsed = Note.parse(note)
    signed = any(parsed.signed_by(key, is_signature) for key in keys)
    return Checkpoint.parse(parsed.text) if signed else None


def _outside(paths: list[Path], keys: list[VerifierKey]) -> list[Checkpoint]:
    from recourse.domain.evidence.note import NoteError

    files = [file for path in paths for file in (sorted(path.glob("*.note")) if path.is_dir() else [path])]
    found = []
    for file in files:
        try:
            checkpoint_ = _believed(file.read_text(), keys)
        except (NoteError, OSError, UnicodeDecodeError) as error:
            fail(f"--checkpoint: {file}: {error}", USAGE)
        if checkpoint_ is None:
            fail(f"--checkpoint: {file}: is not signed by any key given; see --key", USAGE)
        found.append(checkpoint_)
    return found
