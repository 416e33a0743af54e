"""Limits of authority from YAML: two limits of one role for one kind are an error, not the larger of both."""

from __future__ import annotations

from recourse.domain.authority import Authority
from recourse.packs.strict import PackError, read_yaml, validate


def load_authority(name: str, text: str) -> Authority:
    """Raises PackError."""
    authority: Authority = validate(name, read_yaml(name, text), Authority)
    if authority.period_days is not None and authority.period_days < 1:
        raise PackError(f"{name}: period_days: must be 1 or more; leave it out for ever")
    seen: set[tuple[str, str]] = set()
    for number, limit in enumerate(authority.limits):
        if (limit.kind.value, limit.role) in seen:
            raise PackError(
                f"{name}: limits.{number}: {limit.role} has a limit for {limit.kind} already; merge the two"
            )
        seen.add((limit.kind.value, limit.role))
        currencies = [ceiling.currency for ceiling in limit.amounts]
        if len(set(currencies)) < len(currencies):
            raise PackError(f"{name}: limits.{number}.amounts: a currency stands twice")
        for field in ("percent", "days", "installments"):
            most = getattr(limit, field)
            if most is not None and most < 0:
                raise PackError(
                    f"{name}: limits.{number}.{field}: must be 0 or more; leave it out for no limit"
                )
    return authority
