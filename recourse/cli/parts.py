"""Parts of the command line that are made when they are asked for.

Typer makes every command of every group before it looks at the first argument, which takes longer than most
commands do.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def group_of(parts: Mapping[str, str]) -> type[TyperGroup]:
    """parts: name -> where it is, a file of this package or file:member."""

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = _Parts(parts)

    return Group


class _Parts(UserDict[str, Any]):
    """Of each part its command, made at the first look."""

    def __getitem__(self, name: str) -> Any:
        return _made(name, self.data[name])


@cache
def _made(name: str, where: str) -> Any:
    file, _, member = where.partition(":")
    part = getattr(import_module(f"{__package__}.{file}"), member or "app")
    around = typer.Typer()
    if isinstance(part, typer.Typer):
        around.add_typer(part, name=name)
    else:
        around.command(name)(part)
    return get_group(around).commands[name]
