"""What keeps a letter from being written or printed."""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def is_unseen(sign: str) -> bool:
    """Prints nothing, or turns around what stands beside it, so that a sheet could say something else than
    the row."""
    return unicodedata.category(sign) in _UNSEEN


class LetterError(ValueError):
    """A letter that must not leave. The text names the field and the remedy, never the value."""

    def __init__(self, field: str, what: str, remedy: str) -> None:
        super().__init__(f"{field}: {what}; {remedy}")
        self.field = field
