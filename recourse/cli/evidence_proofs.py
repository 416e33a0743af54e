"""`recourse evidence prove` and `verifier`: what is handed to a stranger, who checks it without Recourse."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from recourse.cli.common import USAGE, ReadBy, acting, fail, out, run

PURPOSE = "evidence-proof"
"""Of the reading that is kept."""


def prove(
    subject: Annotated[str | None, typer.Argument(help="A case, or a loan with all its cases.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All entries of the ledger, and nothing of what they are about.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where to write it; default standard output.")
    ] = None,
    hide: Annotated[
        list[str] | None,
        typer.Option("--hide", help="A column whose values are left out; the proof stays whole. Repeatable."),
    ] = None,
    actor: ReadBy = None,
) -> None:
    """What was sealed of a loan: ids, codes, days and amounts, to be checked with `evidence verifier`.

    Of names, messages and letters there are the commitments. What they said stands, with the same proofs,
    in a bundle, which takes two persons: `recourse dossier LOAN --bundle`. That it was read is kept.
    """
    if (subject is None) != everything:
        fail("give a case or a loan, or --all", USAGE)
    proved = partial(_proved, subject, frozenset(hide or ()), acting(actor))
    if to is None:
        run(proved(sys.stdout.buffer))
        return
    # Whole or not at all: what is there already stays until the new one is finished.
    unfinished = to.with_name(to.name + ".part")
    try:
        with unfinished.open("wb") as file:
            run(proved(file))
        unfinished.replace(to)
    except OSError as error:
        fail(f"--out: {to}: {error.strerror}", USAGE)
    finally:
        unfinished.unlink(missing_ok=True)
    holds = "it says of nobody who he is" if subject else "it holds nothing of any row"
    out.print(f"{to} written; {holds}", highlight=False, soft_wrap=True)


async def _proved(subject: str | None, hidden: frozenset[str], actor: str, file: IO[bytes]) -> None:
    from recourse.app.compose import services
    from recourse.app.settings import load_settings
    from recourse.reading import evidence_proof
    from recourse.service.dossier_reading import note_reading
    from recourse.storage.inventory import in_plain

    personal = in_plain()

    def shows(kind: str, name: str, value: Any) -> bool:
        return name not in hidden and (kind, name) not in personal

    async with services(load_settings()) as running:
        async with running.database.reading() as tx:
            if subject is None:
                async for lines in evidence_proof.ledger_lines(tx):
                    file.write(lines)
                return
            loan = await evidence_proof.loan_of(tx, subject)
            proof = await evidence_proof.prove(tx, await evidence_proof.chains_of(tx, subject), shows)
        await running.run(partial(note_reading, loan_id=loan, actor=actor, via="cli", purpose=PURPOSE))
        file.write((json.dumps(proof, ensure_ascii=False, indent=1) + "\n").encode())


def verifier() -> None:
    """Print the program that checks a proof: one file, no packages, no network."""
    from recourse.reading import verify_evidence

    typer.echo(Path(verify_evidence.__file__).read_text(), nl=False)
