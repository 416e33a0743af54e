"""Whose address a request has: that of the proxy in front is believed from the proxy alone."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from recourse.app.web import server_of


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    seen = [request.client.host if request.client else "", request.url.scheme]
    await JSONResponse(seen)(scope, receive, send)


def _served() -> ASGIApp:
    config = server_of(_echo).config
    config.load()
    application: ASGIApp = config.loaded_app
    return application


@pytest.mark.parametrize(
    ("comes_from", "seen"),
    [("192.0.2.9", ["192.0.2.9", "http"]), ("127.0.0.1", ["198.51.100.7", "https"])],
)
async def test_only_the_proxy_on_this_machine_says_for_whom_it_asks(comes_from: str, seen: list[str]) -> None:
    """What a caller wrote in front of what the proxy adds is not believed either."""
    said = {"X-Forwarded-For": "203.0.113.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
    transport = httpx.ASGITransport(_served(), client=(comes_from, 123))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        assert (await http.get("/", headers=said)).json() == seen
