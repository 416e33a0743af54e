"""Letters as PDF/A-3b by Typst, with their canonical JSON attached. Equal letters give equal bytes.

The compiler sees one template and the fonts of this package, and the letter as data; PDF/A makes a
character without a glyph an error, so that no letter leaves with an empty box in it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recourse.domain.letter import LetterError
from recourse.ports import NotHandedOver

if TYPE_CHECKING:
    import typst

PACKS = Path(str(files("recourse.packs")))
NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)


class TypstPress:
    """Implements `LetterPress`, without a signature."""

    async def press(self, letter: bytes) -> bytes:
        return await asyncio.to_thread(_compile, letter)


def _compile(letter: bytes) -> bytes:
    fonts, module = fonts_and_compiler()
    content = json.loads(letter)
    compiler = module.Compiler(
        PACKS / "paper" / "letter.typ",
        root=PACKS / "paper",
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"letter": letter.decode()},
    )
    written = datetime.fromisoformat(content["on"]).replace(tzinfo=UTC)
    try:
        pdf = compiler.compile(pdf_standards=["a-3b"], timestamp=written)
    except module.TypstError as error:
        unseen = NO_GLYPH.search(error.message)
        if unseen is None:
            raise
        raise _no_glyph(unseen[1], content) from None
    if not isinstance(pdf, bytes):
        raise TypeError("typst: a PDF is bytes")
    return pdf


@lru_cache(maxsize=1)
def fonts_and_compiler() -> tuple[typst.Fonts, Any]:
    """Fonts and compiler. It is an extra: whoever sends no letters need not install its 84 MB."""
    try:
        import typst
    except ImportError:
        remedy = "install recourse-collections[letters]"
        raise NotHandedOver(f"letters: the Typst compiler is not installed; {remedy}") from None
    only_ours = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[PACKS / "fonts"]
    )
    return only_ours, typst


def _no_glyph(text: str, letter: Any) -> LetterError:
    fields = sorted((name for name, value in _texts(letter) if text in value), key=_in_the_text)
    signs = " ".join(f"U+{ord(sign):04X}" for sign in text)
    what = f"{signs} is in no font that is packaged"
    remedy = "have it written as the person's papers for machines have it, or use another channel"
    return LetterError(fields[0] if fields else "letter", what, remedy)


def _in_the_text(name: str) -> bool:
    """A sign that stands in the address too is named by its place there."""
    return name.startswith("blocks.")


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the name of its place: `to.name`, `blocks.2.texts.0`."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, f"{name}.{key}".strip("."))
