"""How much a caller may send, and for how long. Asked before routing, and so before who calls.

FastAPI reads a body before it asks who sends it, so without this a stranger decides how much memory we take.
Starlette's own limit asks only when a route reads: one that takes no body would have acted before its 413.
"""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 64 * 1024
"""Bytes. The longest request of ours has some hundred."""
SLOWEST_BODY = 20.0
"""Seconds from the head to the last byte: places are counted, so nobody may keep one by sending slowly."""


class _TooLong(Exception):
    pass


class BodyLimit:
    """Reads the body to its end, then lets the application have it; else 413, or 408 for one too slow."""

    def __init__(self, app: ASGIApp, longest: int = LONGEST_BODY, slowest: float = SLOWEST_BODY) -> None:
        self.app, self.longest, self.slowest = app, longest, slowest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            self._believe_the_head(scope)
            async with asyncio.timeout(self.slowest):
                body = await self._read(receive)
        except _TooLong:
            refusal = _refusal(413, f"a body of {self.longest} bytes at most")
            await refusal(scope, receive, send)
        except TimeoutError:
            await _refusal(408, f"the whole body within {self.slowest:g} seconds")(scope, receive, send)
        else:
            if body is not None:
                await self.app(scope, _again(body, receive), send)

    def _believe_the_head(self, scope: Scope) -> None:
        """It may say too little, which the count finds out; if it says too much, nothing need be read."""
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and (len(said) > len(str(self.longest)) or int(said) > self.longest):
            raise _TooLong

    async def _read(self, receive: Receive) -> bytes | None:
        """None when the caller left in the middle."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            if len(body) > self.longest:
                raise _TooLong
            if not message.get("more_body", False):
                return bytes(body)


def _refusal(status: int, detail: str) -> JSONResponse:
    """The connection ends with it: what is still on its way is not read."""
    return JSONResponse({"detail": detail}, status, {"Connection": "close"})


def _again(body: bytes, receive: Receive) -> Receive:
    """The body in one message, then whatever else the server has to say."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
