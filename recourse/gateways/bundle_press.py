"""The court bundle as one PDF/A-3b, with everything that proves it attached.

It shows what was recorded, whatever that was: a character that no packaged font has is shown by its number,
for a bundle must not fail on what somebody once wrote; the attached `dossier.json` has it as it is.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from recourse.domain.letter import is_unseen
from recourse.gateways.letter_press import NO_GLYPH, PACKS, fonts_and_compiler

_ROUNDS: Final = 20
"""The compiler names some of the characters at a time."""


class File(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def content(self) -> bytes: ...


async def press_bundle(layout: Any, files: Sequence[File]) -> bytes:
    """layout: as `recourse.reading.bundle` lays it out. Raises NotHandedOver where there is no compiler."""
    return await asyncio.to_thread(_pressed, layout, files)


def _pressed(layout: Any, files: Sequence[File]) -> bytes:
    fonts, typst = fonts_and_compiler()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(PACKS / "paper" / "bundle.typ", root)
        for file in files:
            (root / file.name).write_bytes(file.content)
        year, month, day = layout["day"]
        made = datetime(year, month, day, tzinfo=UTC)
        text = json.dumps(_seen(layout), ensure_ascii=False)
        for _ in range(_ROUNDS):
            (root / "bundle.json").write_text(text, encoding="utf-8")
            compiler = typst.Compiler(
                root / "bundle.typ", root=root, font_paths=fonts, ignore_system_fonts=True
            )
            try:
                pdf = compiler.compile(pdf_standards=["a-3b"], timestamp=made)
            except typst.TypstError as error:
                unknown = set("".join(NO_GLYPH.findall(error.diagnostic)))
                if not unknown:
                    raise
                text = "".join(_number(sign) if sign in unknown else sign for sign in text)
            else:
                return bytes(pdf)
        raise ValueError("bundle: too many characters without a glyph; add a font that has them")


def _seen(value: Any) -> Any:
    """What hides text, or turns it around, is shown by its number too."""
    if isinstance(value, str):
        return "".join(_number(sign) if is_unseen(sign) and sign not in "\n\t" else sign for sign in value)
    if isinstance(value, dict):
        return {name: _seen(inner) for name, inner in value.items()}
    return [_seen(inner) for inner in value] if isinstance(value, list) else value


def _number(sign: str) -> str:
    return f"[U+{ord(sign):04X}]"
