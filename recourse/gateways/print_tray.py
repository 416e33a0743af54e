"""Letters for print and post: a folder that a print house, or whoever sits at the office's printer, empties.

A letter is handed over at the moment its ticket is there: the PDF is written first, the ticket, a JSON file
of the same name, last and at once. A letter that is handed over again is written under the same names.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

from recourse.gateways.whole_file import put
from recourse.ports import Accepted, Message, NotHandedOver, OutcomeUnknown

_WHERE = "RECOURSE_LETTERS_FOLDER"


class PrintTray:
    """folder: empty where nobody prints here; then nothing is handed over."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None

    async def send(self, message: Message) -> Accepted:
        if message.paper is None:
            raise ValueError("paper: a letter is sent as one")
        await asyncio.to_thread(self._lay, message)
        return Accepted((message.paper.id,))

    def _lay(self, message: Message) -> None:
        if self._folder is None:
            raise NotHandedOver(f"letters: nobody prints here; set {_WHERE}")
        paper = message.paper
        assert paper is not None  # noqa: S101
        ticket = {
            "format": "recourse.post.v1",
            "document": paper.id,
            "file": f"{paper.id}.pdf",
            "sha256": paper.sha256,
            "to": message.to.splitlines(),
            "key": message.key,
        }
        try:
            put(self._folder / f"{paper.id}.pdf", paper.content)
            put(self._folder / f"{paper.id}.json", json.dumps(ticket, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise NotHandedOver(f"letters: {error.strerror or 'no writing'}; check {_WHERE}") from None
        try:
            _settle(self._folder)
        except OSError:
            raise OutcomeUnknown("letters: the ticket may be lost if the machine stops now") from None


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
