"""What each role does not see of a dossier until it asks for it in clear with a purpose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from recourse.domain.disclosure import READERS
from recourse.domain.redaction import Kept, Recipient, Withheld, path_of
from recourse.packs.strict import PackError, read_yaml, validate

ROLES: Final = (*READERS, "admin")


@dataclass(frozen=True, slots=True)
class Mask:
    """As `Withheld`, with the roles that see the value all the same."""

    path: str
    why: str
    keep: Kept = Kept.NOTHING
    everywhere: bool = True
    shown_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Masks:
    source: str
    mark: str
    mask: tuple[Mask, ...]


def load_masks(name: str, text: str) -> dict[str, Recipient]:
    """By role. Raises PackError."""
    found: Masks = validate(name, read_yaml(name, text), Masks)
    for n, one in enumerate(found.mask):
        try:
            path_of(one.path)
        except ValueError as error:
            raise PackError(f"{name}: mask.{n}.path: {error}") from None
        if unknown := set(one.shown_to) - set(ROLES):
            raise PackError(f"{name}: mask.{n}.shown_to: {', '.join(sorted(unknown))}: no role that reads")
    return {role: _recipient(role, found) for role in ROLES}


def _recipient(role: str, masks: Masks) -> Recipient:
    hidden = [one for one in masks.mask if role not in one.shown_to]
    withhold = tuple(Withheld(one.path, one.why, one.keep, one.everywhere) for one in hidden)
    return Recipient(role, {}, masks.source, masks.mark, withhold)


@lru_cache(maxsize=1)
def masks() -> dict[str, Recipient]:
    name = "masks.yaml"
    return load_masks(name, (files("recourse.packs") / name).read_text(encoding="utf-8"))
