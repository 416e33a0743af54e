"""What an HTTP answer or its absence means, for every HTTP vendor alike."""

from __future__ import annotations

import ssl
from datetime import timedelta
from functools import cache
from typing import Any

import httpx

from recourse.ports import NotHandedOver, RefusedByProvider

_TRY_AGAIN = {408, 425, 429}
_NOT_US = {401, 403}
"""Our token is wrong or may not do this: nothing about the file or the device, and mended by us."""
_MAX_RETRY_AFTER = timedelta(minutes=10)


@cache
def trusted() -> ssl.SSLContext:
    """Whom httpx trusts by default, read once a process: reading takes longer than a call, and each client
    would."""
    return httpx.create_ssl_context()


def check(vendor: str, response: httpx.Response) -> None:
    """Raises NotHandedOver for what may be tried again, RefusedByProvider for what may not."""
    status = response.status_code
    if status < 300:
        return
    if status >= 500 or status in _TRY_AGAIN:
        raise NotHandedOver(f"{vendor}_{status}", _retry_after(response))
    if status in _NOT_US:
        raise NotHandedOver(f"{vendor}_{status}: it refuses us; check the token")
    raise RefusedByProvider(f"{vendor}_{status}")


def parsed(response: httpx.Response) -> Any:
    """Raises ValueError for what is no JSON; one that nests without end would raise RecursionError."""
    try:
        return response.json()
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _retry_after(response: httpx.Response) -> timedelta | None:
    text = response.headers.get("retry-after", "")
    return min(timedelta(seconds=int(text)), _MAX_RETRY_AFTER) if text.isascii() and text.isdigit() else None
