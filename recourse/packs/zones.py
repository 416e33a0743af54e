"""Which time zones a place may be in."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from recourse.domain import zones
from recourse.packs.strict import PackError, read_yaml

_FILE = "zones.yaml"


def zones_at(region: str) -> tuple[str, ...]:
    """Of the place as the bank names it, else of its country; empty where the table has neither."""
    table = _table()
    return table.get(region) or table.get(region.partition("-")[0], ())


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, ...]]:
    """Raises PackError."""
    value = read_yaml(_FILE, (files("recourse.packs") / _FILE).read_text(encoding="utf-8"))
    for place, names in value.items():
        unknown = [name for name in names if not zones.exists(name)]
        if unknown:
            raise PackError(f"{_FILE}: {place}: {unknown[0]} is no IANA time zone")
    return {place: tuple(names) for place, names in value.items()}
