"""Which time zones there are. A name that is none must be refused where it comes in: every rule about hours
and days would break on it later, for every case it stands in."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def _names() -> frozenset[str]:
    """`localtime` stands in the list of some machines and means another zone on each."""
    return frozenset(available_timezones() - {"localtime"})


def exists(zone: str) -> bool:
    """Whether this is an IANA time zone, such as `Asia/Shanghai`."""
    return zone in _names()
