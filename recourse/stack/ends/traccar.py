"""A server that answers as Traccar 6 does for the calls a vehicle locator makes (its OpenAPI description,
plus `outdated`, which the real JSON has and the description has not). The vehicles are described in `fleet`.

`/api/…` needs `Authorization: Bearer <token>` or basic authentication with the token as the password, save
`/api/server`, and `/api/session`, which wants the token as a parameter and answers 404 without, as the real
one does whatever the header says. Tests steer it, without authentication, under `/_control`:

* `POST /_control/devices` `{"device": {"uniqueId": …, …}, "position": {…} | null}` seeds one vehicle
* `POST /_control/outage` `{"status": 503}` answers every `/api` call with that status, `{"status": 0}` cuts
  the answer off by never giving one, `{"status": null}` ends the outage
* `POST /_control/user` `{"administrator": true, "limitCommands": false, …}` changes what our user may do,
  which is to read; `{"savedCommands": [{…}]}` links commands to him
* `GET /_control/calls` counts the `/api` calls so far: `{"/api/devices": 3, …}`

Log: `call` {method, path, query, status}; status 0 for a call that is left hanging.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from recourse.stack.ends.fleet import Fleet, Json
from recourse.stack.ends.log import EndLog
from recourse.stack.ends.serve import parser, serve_http

OPEN_PATHS = frozenset({"/api/server", "/api/session"})
HANG = 0
READER: Json = {
    "id": 2,
    "name": "recourse",
    "email": "recourse@example.com",
    "administrator": False,
    "readonly": True,
    "deviceReadonly": True,
    "limitCommands": True,
    "disableReports": True,
    "fixedEmail": True,
    "deviceLimit": 0,
    "userLimit": 0,
    "disabled": False,
    "expirationTime": None,
    "attributes": {},
}
"""A user who reads and does nothing else, in the shape of the description's User."""


class Seed(BaseModel):
    """One vehicle for the fleet."""

    device: dict[str, Any]
    position: dict[str, Any] | None = None


class Outage(BaseModel):
    """An HTTP status for every call, 0 to leave calls hanging, None for normal work."""

    status: int | None


class Desk:
    """What the server knows and how it is doing."""

    def __init__(self, log: EndLog, token: str) -> None:
        self.fleet = Fleet()
        self.user = dict(READER)
        self.saved: list[Json] = []
        self.calls: Counter[str] = Counter()
        self.outage: int | None = None
        self.log = log
        self.token = token

    def permits(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                credentials = base64.b64decode(credentials).decode().partition(":")[2]
            except ValueError:
                return False
        elif scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(credentials.encode(), self.token.encode())


def application(log: EndLog, token: str) -> FastAPI:
    """The ASGI application."""
    app, desk = FastAPI(title="Traccar end"), Desk(log, token)

    @app.middleware("http")
    async def _guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        if not request.url.path.startswith("/api"):
            return await proceed(request)
        desk.calls[request.url.path] += 1
        if desk.outage == HANG:
            _note(request, HANG)
            await asyncio.Event().wait()
        if desk.outage is not None:
            response: Response = PlainTextResponse("outage", desk.outage)
        elif request.url.path not in OPEN_PATHS and not desk.permits(
            request.headers.get("authorization", "")
        ):
            response = PlainTextResponse("HTTP 401 Unauthorized", 401)
        else:
            response = await proceed(request)
        _note(request, response.status_code)
        return response

    def _note(request: Request, status: int) -> None:
        desk.log.write(
            "call", method=request.method, path=request.url.path, query=_without_token(request), status=status
        )

    _api(app, desk)
    _control(app, desk)
    return app


def _without_token(request: Request) -> str:
    """A log is read by many."""
    return "token=***" if "token" in request.query_params else str(request.url.query)


def _api(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/server")
    async def server() -> Json:
        return {
            "id": 1,
            "registration": False,
            "readonly": False,
            "limitCommands": False,
            "version": "6.14.5",
            "attributes": {},
        }

    @app.get("/api/session")
    async def session(token: str | None = None) -> Json:
        if token is None:
            raise HTTPException(404)
        if not secrets.compare_digest(token.encode(), desk.token.encode()):
            raise HTTPException(401)
        return desk.user

    @app.get("/api/commands")
    async def commands() -> list[Json]:
        return desk.saved

    @app.post("/api/session/token", response_class=PlainTextResponse)
    async def session_token() -> str:
        return desk.token

    @app.get("/api/devices")
    async def devices(
        unique_id: Annotated[list[str] | None, Query(alias="uniqueId")] = None,
        id: Annotated[list[int] | None, Query()] = None,
    ) -> list[Json]:
        if unique_id is not None:
            return desk.fleet.find(unique_id)
        return [device for device in desk.fleet.devices.values() if id is None or device["id"] in id]

    @app.get("/api/positions")
    async def positions(
        id: Annotated[list[int] | None, Query()] = None,
        device_id: Annotated[int | None, Query(alias="deviceId")] = None,
        start: Annotated[datetime | None, Query(alias="from")] = None,
        end: Annotated[datetime | None, Query(alias="to")] = None,
    ) -> list[Json]:
        if id is not None:
            return [desk.fleet.positions[number] for number in id if number in desk.fleet.positions]
        if device_id is None:
            return desk.fleet.last_positions()
        if start is None or end is None:
            raise HTTPException(400, "deviceId needs from and to")
        return desk.fleet.history(device_id, start, end)


def _control(app: FastAPI, desk: Desk) -> None:
    @app.post("/_control/devices")
    async def seed(seed: Seed) -> Json:
        return desk.fleet.seed(seed.device, seed.position)

    @app.post("/_control/outage")
    async def outage(outage: Outage) -> Outage:
        desk.outage = outage.status
        return outage

    @app.post("/_control/user")
    async def user(changed: Json) -> Json:
        desk.saved = changed.pop("savedCommands", [])
        desk.user = {**READER, **changed}
        return desk.user

    @app.get("/_control/calls")
    async def calls() -> dict[str, int]:
        return dict(desk.calls)


def main() -> None:
    options = parser("A Traccar-compatible server.")
    options.add_argument("--token", required=True)
    chosen = options.parse_args()
    serve_http(application(EndLog(chosen.log), chosen.token), chosen.host, chosen.port)


if __name__ == "__main__":
    main()
