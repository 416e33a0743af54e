"""What keeps a letter from being written or printed."""

from __future__ import annotations


class LetterError(ValueError):
    """A letter that must not leave. The text names the field and the remedy, never the value."""

    def __init__(self, field: str, what: str, remedy: str) -> None:
        super().__init__(f"{field}: {what}; {remedy}")
        self.field = field
