"""What can go wrong with the embedded stack, each with the one thing to do next."""

from __future__ import annotations


class StackError(Exception):
    """Anything that keeps the stack from running; its text is written for a person at a terminal."""


class Missing(StackError):
    """A server cannot be found, fetched or built here."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} is missing. To get it: {remedy}")
        self.what = what
        self.remedy = remedy


class StartFailed(StackError):
    """A server was found but did not become ready."""


class NotReady(StackError):
    """A probe reached nothing, or something that is not ready yet."""
