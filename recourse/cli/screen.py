"""The terminal: whatever a text holds, it is printed and never obeyed.

Names come from the bank, ids from other houses, letters from anywhere. A control character, an escape
sequence or a change of the writing direction in one of them could repaint what stands around it, and rich's
own markup could style or link it. So markup is off for every string, and what could command a terminal is
shown as Python writes it.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COMMANDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of controls, formats (bidirectional ones too), surrogates and separators of lines."""


def visible(text: str) -> str:
    """The text with its commands written out; ends of lines stay."""
    return "".join(char if char == "\n" or _is_harmless(char) else _written(char) for char in text)


def one_line(text: str) -> str:
    """The same on one line: else a name could add lines of its own to what is told about it."""
    return visible(text).replace("\n", "\\n")


def harmless_json(text: str) -> str:
    """JSON that means the same; JSON itself writes out only what stands before the space."""
    return "".join(char if char == "\n" or _is_harmless(char) else json.dumps(char)[1:-1] for char in text)


def styled(text: str, style: str) -> Text:
    """For words of ours that stand out."""
    return Text(visible(text), style)


class Screen(Console):
    """A console that takes every string as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


class Listing(Table):
    """A table whose cells keep to their lines; one that is meant to have several is given as Text."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*(one_line(cell) if isinstance(cell, str) else cell for cell in cells), **options)


def _is_harmless(char: str) -> bool:
    return (char.isascii() and char.isprintable()) or unicodedata.category(char) not in _COMMANDS


def _written(char: str) -> str:
    return char.encode("unicode_escape").decode()
