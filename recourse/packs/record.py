"""Situation and rules as JSON and as digests: what a step stores, so that its decision can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import lru_cache
from typing import Any

import rfc8785
from pydantic import TypeAdapter

from recourse.domain.decide import Rules
from recourse.domain.law.verdict import (
    AccelerationEffect,
    ContactEffect,
    Effect,
    HandoverEffect,
    LocateEffect,
    ReadPositionEffect,
    RecoveryEffect,
    SaleEffect,
)
from recourse.domain.permits import Asked, Told
from recourse.domain.situation import Situation

_SITUATION: TypeAdapter[Situation] = TypeAdapter(Situation)
_RULES: TypeAdapter[Rules] = TypeAdapter(Rules)
_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)
_TOLD: TypeAdapter[Told] = TypeAdapter(Told)
_EFFECTS: Mapping[str, type[Effect]] = {
    "contact": ContactEffect,
    "locate": LocateEffect,
    "read_position": ReadPositionEffect,
    "acceleration": AccelerationEffect,
    "handover": HandoverEffect,
    "recovery": RecoveryEffect,
    "sale": SaleEffect,
}
"""By the names under which they are stored."""
_READERS: Mapping[str, TypeAdapter[Effect]] = {name: TypeAdapter(kind) for name, kind in _EFFECTS.items()}


def situation_to_json(situation: Situation) -> dict[str, Any]:
    """Plain JSON; sets are sorted, so that equal situations give equal bytes in every process."""
    value: dict[str, Any] = plain(situation)
    return value


def situation_from_json(value: Mapping[str, Any]) -> Situation:
    """Raises ValidationError for what is no situation."""
    return _SITUATION.validate_python(value)


def effect_to_json(effect: Effect) -> dict[str, Any]:
    """With the name of its kind, by which it is read back."""
    name = next(name for name, kind in _EFFECTS.items() if isinstance(effect, kind))
    return {"kind": name, **plain(effect)}


def effect_from_json(value: Mapping[str, Any]) -> Effect:
    """Raises KeyError or ValidationError for what is no effect."""
    told = {name: one for name, one in value.items() if name != "kind"}
    effect: Effect = _READERS[value["kind"]].validate_python(told)
    return effect


def asking_to_json(permit_id: str, asked: Asked, told: Told) -> dict[str, Any]:
    """That somebody asked whether a permit holds, and what he was told."""
    return {"id": permit_id, "asked": plain(asked), "told": plain(told)}


def asking_from_json(value: Mapping[str, Any]) -> tuple[Asked, Told]:
    """Raises KeyError or ValidationError for what is none."""
    return _ASKED.validate_python(value["asked"]), _TOLD.validate_python(value["told"])


def situation_digest(situation: Situation) -> str:
    return digest_of(situation_to_json(situation))


@lru_cache(maxsize=256)
def rules_to_json(rules: Rules) -> dict[str, Any]:
    """The strategy and every law pack with all their values. Shared: not to be changed."""
    value: dict[str, Any] = plain(rules)
    return value


def rules_from_json(value: Mapping[str, Any]) -> Rules:
    """Raises ValidationError for what are no rules."""
    return _RULES.validate_python(value)


@lru_cache(maxsize=256)
def rules_digest(rules: Rules) -> str:
    """Over the strategy and every law pack with all their values, not only their names."""
    return digest_of(rules_to_json(rules))


def digest_of(value: Any) -> str:
    """SHA-256 over RFC 8785 canonical JSON."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def plain(value: Any) -> Any:
    """Domain values as JSON has them. Raises TypeError for a type the domain does not use."""
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return value.value
        case datetime() | date() | time():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Set():
            return sorted(plain(item) for item in value)
        case tuple() | list():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__}: not a value of the domain")
