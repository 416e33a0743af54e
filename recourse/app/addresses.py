"""Addresses in settings that cannot be meant are refused when they are read, not amid the work."""

from __future__ import annotations

from ipaddress import ip_address

import httpx


def http_address(url: str) -> str:
    """Empty, or an address over HTTP. Raises ValueError, which never shows it: a login may stand in it."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if url and (parsed.scheme not in {"http", "https"} or not parsed.host):
        raise ValueError("must be an address that begins with http:// or https://")
    return url


def on_this_machine(host: str) -> bool:
    """Then there is no line that somebody could listen to."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def database_address(url: str) -> str:
    """An address of PostgreSQL for our driver; else it would be found out at the first connection, by an
    error that names no setting. Raises ValueError."""
    if not url.startswith("postgresql+asyncpg://"):
        raise ValueError("must be like postgresql+asyncpg://user:password@host:5432/name")
    return url
