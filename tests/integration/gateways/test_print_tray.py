"""What lies in the tray is whole, says where it goes, and is not there twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from recourse.gateways.print_tray import PrintTray
from recourse.ports import Accepted, Message, NotHandedOver, Paper

PDF = b"%PDF-1.7 letter"
PAPER = Paper("doc-1", PDF, hashlib.sha256(PDF).hexdigest())
LETTER = Message("att-1", "12 Sample Street\n80202 Denver", None, "", "en", PAPER)


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_letter_lies_there_with_a_ticket_that_names_it(tmp_path: Path) -> None:
    assert await PrintTray(str(tmp_path)).send(LETTER) == Accepted(("doc-1",))
    assert _names(tmp_path) == ["doc-1.json", "doc-1.pdf"]
    assert (tmp_path / "doc-1.pdf").read_bytes() == PDF
    ticket = json.loads((tmp_path / "doc-1.json").read_text())
    assert ticket == {
        "format": "recourse.post.v1",
        "document": "doc-1",
        "file": "doc-1.pdf",
        "sha256": PAPER.sha256,
        "to": ["12 Sample Street", "80202 Denver"],
        "key": "att-1",
    }


async def test_a_letter_that_is_sent_again_is_the_same_letter(tmp_path: Path) -> None:
    tray = PrintTray(str(tmp_path))
    await tray.send(LETTER)
    await tray.send(LETTER)
    assert _names(tmp_path) == ["doc-1.json", "doc-1.pdf"]


async def test_without_a_folder_nothing_is_handed_over() -> None:
    with pytest.raises(NotHandedOver, match="nobody prints here; set RECOURSE_LETTERS_FOLDER"):
        await PrintTray("").send(LETTER)


async def test_a_folder_that_has_gone_is_named_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(NotHandedOver, match="check RECOURSE_LETTERS_FOLDER"):
        await PrintTray(str(tmp_path / "gone")).send(LETTER)


async def test_a_ticket_that_cannot_be_written_hands_nothing_over(tmp_path: Path) -> None:
    (tmp_path / "doc-1.json").mkdir()
    (tmp_path / "doc-1.json" / "in the way").touch()
    with pytest.raises(NotHandedOver):
        await PrintTray(str(tmp_path)).send(LETTER)
    assert not (tmp_path / "doc-1.json").is_file()
