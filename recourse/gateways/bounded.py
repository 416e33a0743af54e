"""A request to a place outside that may neither hang nor answer without an end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from recourse.ports import NotHandedOver

AT_MOST: Final = 1 << 18
"""Bytes of an answer; signatures and tokens have some thousands."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: bytes


async def posted(
    client: httpx.AsyncClient,
    url: str,
    content: bytes,
    *,
    who: str,
    within: float,
    headers: Mapping[str, str],
) -> Answer:
    """who: in the words of an error. within: seconds for all of it; a client's own time-outs begin anew with
    every byte that comes. Raises NotHandedOver."""
    try:
        async with (
            asyncio.timeout(within),
            client.stream("POST", url, content=content, headers=headers) as answer,
        ):
            taken = bytearray()
            async for part in answer.aiter_bytes():
                taken += part
                if len(taken) > AT_MOST:
                    raise NotHandedOver(f"{who}: an answer without an end")
            return Answer(answer.status_code, bytes(taken))
    except (httpx.HTTPError, TimeoutError):
        raise NotHandedOver(f"{who}: no answer") from None
