"""`recourse doctor`: what can be reached, and what is wrong."""

from __future__ import annotations

from dataclasses import asdict

import typer

from recourse.cli.common import DOWN, FINDINGS, Json, out, print_json, run
from recourse.cli.screen import Listing, styled


def doctor(as_json: Json = False) -> None:
    """Ask every dependency. Exit 0 when all is well, 1 for findings, 3 when one does not answer."""
    from recourse.app.doctor import examine
    from recourse.app.findings import Finding
    from recourse.app.settings import load_settings

    async def work() -> list[Finding]:
        return await examine(load_settings())

    findings = run(work())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Listing("what", "state", "says", "do")
        colours = {"ok": "green", "finding": "yellow", "down": "red"}
        for finding in findings:
            state = styled(finding.state, colours[finding.state])
            table.add_row(finding.what, state, finding.says, finding.remedy)
        out.print(table)
    states = {finding.state for finding in findings}
    raise typer.Exit(DOWN if "down" in states else FINDINGS if "finding" in states else 0)
