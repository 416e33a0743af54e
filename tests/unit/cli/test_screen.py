"""The one place where text becomes output: everything that could command a terminal is shown instead."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from recourse.cli.common import listing, print_json
from recourse.cli.screen import Screen, one_line, styled, visible

COMMANDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _shown(*renderables: object, terminal: bool = False) -> str:
    file = io.StringIO()
    screen = Screen(
        file=file, width=300, force_terminal=terminal, color_system="standard" if terminal else None
    )
    screen.print(*renderables, highlight=False)
    return file.getvalue()


@given(st.text())
def test_nothing_that_is_shown_can_command_a_terminal_and_one_line_stays_one(text: str) -> None:
    assert {unicodedata.category(char) for char in visible(text).replace("\n", "")} & COMMANDS == set()
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize("text", ["张三 O'Brien-Núñez", "¥3,520.17 · 15 days", "\\x1b", "[red]", ":smile:"])
def test_what_is_harmless_is_left_alone(text: str) -> None:
    assert visible(text) == one_line(text) == text
    assert _shown(text) == f"{text}\n"


@pytest.mark.parametrize("wrapped", [str, Panel, lambda text: styled(text, "bold")])
def test_markup_escapes_and_emoji_of_others_are_text_wherever_they_stand(wrapped: object) -> None:
    hostile = "\x1b[2J[red]x[/red][link=https://e.example]y[/link]:smile:"
    shown = _shown(wrapped(hostile))  # type: ignore[operator]
    assert "\\x1b[2J[red]x[/red][link=https://e.example]y[/link]:smile:" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("table", [Table("a", "b"), listing("a", "b")])
def test_the_cells_of_every_table_are_text(table: Table) -> None:
    table.add_row("[bold]x", "\x1b[2J")
    shown = _shown(table)
    assert "[bold]x" in shown
    assert "\\x1b[2J" in shown


def test_a_cell_of_a_listing_keeps_to_its_line() -> None:
    table = listing("a", "b")
    table.add_row("x\nforged", Text("two\nlines"))
    assert "x\\nforged" in _shown(table)
    assert "two\nlines" not in _shown(table)  # a Text is ours, and may have more than one


def test_our_own_style_still_shows_at_a_terminal() -> None:
    assert "\x1b[31mrefused\x1b[0m" in _shown(styled("refused", "red"), terminal=True)


@given(st.text())
def test_json_is_the_same_value_and_ascii_where_a_terminal_would_obey(text: str) -> None:
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        print_json({"name": text})
        written = sys.stdout.getvalue()
    finally:
        sys.stdout = before
    assert {unicodedata.category(char) for char in written.replace("\n", "")} & COMMANDS == set()
    assert json.loads(written) == {"name": text}


def test_no_command_has_a_table_or_a_console_of_its_own() -> None:
    folder = Path(__file__).parents[3] / "recourse" / "cli"
    others = [file for file in folder.glob("*.py") if file.name != "screen.py"]
    passing_by = ("rich.table", "rich.console import Console", "import print", "from_markup")
    assert [(f.name, word) for f in others for word in passing_by if word in f.read_text()] == []
