"""What an examination of a dependency says: the common shape of every part of `recourse doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "finding", "down"]


@dataclass(frozen=True, slots=True)
class Finding:
    """remedy: what to do about it; empty when all is well."""

    what: str
    state: State
    says: str
    remedy: str = ""


def found(what: str, says: str, remedy: str, *, bad: bool) -> Finding:
    """A finding when `bad`, else the same words as good news without the remedy."""
    return Finding(what, "finding", says, remedy) if bad else Finding(what, "ok", says)
