"""Headers on every answer of the API, whatever gives it: none of it is kept, framed, guessed at or run.

OWASP ASVS 5.0: 3.4.1 HSTS, 3.4.3 CSP, 3.4.4 nosniff, 3.4.5 referrer, 3.4.6 framing, 14.3.2 no-store.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = {
    "Cache-Control": "no-store",
    # Neither base-uri nor frame-ancestors falls back on the first.
    "Content-Security-Policy": (
        "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    # Browsers heed it over TLS only, which a proxy ends.
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


class SafeHeaders:
    """One that a route sets itself stays. pages: prefix of paths whose pages may run scripts; the API's own
    description is the only one, and off unless a setting turns it on."""

    def __init__(self, app: ASGIApp, pages: str = "") -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        runs = bool(self.pages) and scope["path"].startswith(self.pages)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if not (runs and name == "Content-Security-Policy"):
                        headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)
