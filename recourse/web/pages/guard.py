"""No request in another's name (OWASP ASVS 5.0: 3.5.1-3.5.3), before anything is routed.

A browser says from which page an unsafe request comes: by Sec-Fetch-Site, or by Origin where it is older. One
that says neither, or another site, is refused. Inside a session a token is asked for too (`session`).
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD"})


class OwnPagesOnly:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE and not _from_us(scope):
            refusal = PlainTextResponse("This request does not come from a page of this site.", 403)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _from_us(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is None:
        return False
    ours = f"{scope['scheme']}://{headers.get('host', '')}"
    return site in (None, "same-origin") and origin in (None, ours)
