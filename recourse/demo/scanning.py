"""Whether anything that the demo wrote names one of its people: its whole book, looked for everywhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recourse.contracts.events import to_line
from recourse.demo.book import Loan, history
from recourse.demo.processes import Deployment
from recourse.stack import StackError
from recourse.stack.ports import HOST


@dataclass(frozen=True, slots=True)
class Scan:
    """report: as `recourse privacy scan --json` says it. problems: where a value was found, never which."""

    report: dict[str, Any]
    problems: list[str]


async def scanned(deployment: Deployment, loans: Sequence[Loan]) -> Scan:
    book = deployment.home / "book.ndjson"
    lines = "".join(to_line(dated.event) + "\n" for loan in loans for dated in history(loan))
    await asyncio.to_thread(book.write_text, lines, encoding="utf-8")
    folders = [deployment.home / name for name in ("logs", "checkpoints")]
    pages = [deployment.api_url, f"http://{HOST}:{deployment.addresses.codec_port}"]
    where = [part for folder in folders for part in ("--in", str(folder))]
    where += [part for page in pages for part in ("--url", f"{page}/healthz")]
    try:
        return Scan(json.loads(await deployment.told(("privacy", "scan", str(book), *where, "--json"))), [])
    except StackError as error:
        return Scan({}, str(error).splitlines())
