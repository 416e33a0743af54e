"""Reading pack files strictly: an unknown key, or one that stands twice, is an error, never a default."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError


class PackError(ValueError):
    """A pack cannot be used. The text names the file, the field and the remedy."""


class _OnceLoader(yaml.CSafeLoader):
    """Plain YAML, but a key that stands twice is an error; the last one would win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                problem=f"{twice}: stands twice", problem_mark=node.start_mark
            )
        return super().construct_mapping(node, deep)


def read_yaml(name: str, text: str) -> Any:
    """Raises PackError."""
    try:
        return yaml.load(text, _OnceLoader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        raise PackError(f"{name}: not YAML: {error}") from error


def validate(name: str, value: Any, kind: Any) -> Any:
    """A value of `kind`, a dataclass of the domain. Raises PackError."""
    unknown = _unknown_keys(value, kind)
    if unknown:
        raise PackError(f"{name}: {unknown}: no such field; check its spelling")
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise PackError(f"{name}: {field}: {first['msg']}") from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Made once a kind: it takes longer than to read a pack."""
    return TypeAdapter(kind)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _unknown_keys(value: Any, kind: Any, path: str = "") -> str | None:
    """The first key that no field has. The domain's dataclasses cannot be told to forbid extra keys."""
    if isinstance(kind, types.UnionType):
        kinds = [k for k in typing.get_args(kind) if k is not types.NoneType]
        return _unknown_keys(value, kinds[0], path) if len(kinds) == 1 and value is not None else None
    if typing.get_origin(kind) is tuple and isinstance(value, list):
        item = typing.get_args(kind)[0]
        found = (_unknown_keys(v, item, f"{path}.{n}".strip(".")) for n, v in enumerate(value))
        return next((f for f in found if f), None)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        hints = _hints(typing.cast(Hashable, kind))
        for key, inner in value.items():
            where = f"{path}.{key}".strip(".")
            if key not in hints:
                return where
            deeper = _unknown_keys(inner, hints[key], where)
            if deeper:
                return deeper
    return None


Bounds = Mapping[str, tuple[int, int | None]]
"""field -> (the least, the most or None)"""


def check_bounds(where: str, value: Any, bounds: Bounds, hints: Mapping[str, str] | None = None) -> None:
    """Raises PackError for a number of `value` that lies outside; None lies in any. hints: what else may be
    said there."""
    for field, (least, most) in bounds.items():
        number = getattr(value, field)
        if number is not None and (number < least or (most is not None and number > most)):
            upper = "or more" if most is None else f"to {most}"
            hint = f"; {hints[field]}" if hints and field in hints else ""
            raise PackError(f"{where}.{field}: must be {least} {upper}{hint}")
