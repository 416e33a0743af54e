"""A legal desk's HTTP endpoint: takes handovers once each, and reports what became of them.

* `POST /handovers` with `Authorization: Bearer <token>`, `Idempotency-Key` and a JSON object (with
  `loan_id`): 201 `{"reference": …}`; the same key with the same body again: 200, same reference; with
  another body: 409; without a key or object: 400; without the token: 401.
* `GET /health`: 200.
* `POST /_control/outage` `{"status": 503}` answers handovers with that status before looking at them,
  `{"status": 0}` files them and never answers (the sender cannot know), `{"status": null}` ends the outage.
* `POST /_control/callback` `{"url": …, "token": …, "interval": seconds}` replaces the `--callback-…` options.
* `GET /_control/handovers`: how many are filed, `{"filed": n}`.

With a callback URL each filed handover is followed by `received`, `accepted`, `filed`, `judgment` and
`enforced`, one per interval: `{"reference", "idempotency_key", "loan_id", "status", "status_id",
"occurred_at"}`, posted until answered with 2xx. The log is also the desk's memory: started again on it, it
knows its references and resumes its callbacks.

Log: `filed` {idempotency_key, reference, digest, body}; `repeated`, `conflict` {idempotency_key, reference};
`refused` {status}; `told` {status_id, reference, status}; `not_told` {status_id, answer}.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel

from recourse.stack.ends.desk_callbacks import Callback, Callbacks
from recourse.stack.ends.log import EndLog
from recourse.stack.ends.serve import parser, serve_http

HANG = 0
SAFER = "better in RECOURSE_LEGAL_DESK_CALLBACK_TOKEN"


class Outage(BaseModel):
    """An HTTP status for every handover, 0 to file without answering, None for normal work."""

    status: int | None


class Desk:
    """The files of the desk, kept in its log."""

    def __init__(self, log: EndLog, token: str, callbacks: Callbacks) -> None:
        self.log = log
        self.token = token
        self.callbacks = callbacks
        self.outage: int | None = None
        self._filed = {entry["idempotency_key"]: entry for entry in log.read() if entry["event"] == "filed"}

    @property
    def filed(self) -> int:
        return len(self._filed)

    def take(self, key: str, body: dict[str, Any]) -> tuple[int, str]:
        """Files one handover; returns the HTTP status and the desk's reference."""
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        known = self._filed.get(key)
        if known is not None:
            same = known["digest"] == digest
            self.log.write(
                "repeated" if same else "conflict", idempotency_key=key, reference=known["reference"]
            )
            return (200 if same else 409), str(known["reference"])
        reference = f"LD-{len(self._filed) + 1:06d}"
        entry = {"idempotency_key": key, "reference": reference, "digest": digest, "body": body}
        self.log.write("filed", **entry)
        self._filed[key] = entry
        self.callbacks.follow(entry)
        return 201, reference

    def follow_all(self) -> None:
        """Begins the callbacks of what was filed by an earlier process, or before a target was given."""
        for entry in self._filed.values():
            self.callbacks.follow(entry)


def application(desk: Desk) -> FastAPI:
    """The ASGI application."""

    @asynccontextmanager
    async def resumed(_: FastAPI) -> AsyncIterator[None]:
        desk.follow_all()
        yield
        await desk.callbacks.stop()

    app = FastAPI(title="Legal desk end", lifespan=resumed)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/handovers")
    async def handover(
        request: Request,
        response: Response,
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header()] = "",
    ) -> dict[str, str]:
        if desk.outage is not None and desk.outage != HANG:
            raise _refused(desk, desk.outage, "outage")
        if not secrets.compare_digest(authorization.encode(), f"Bearer {desk.token}".encode()):
            raise _refused(desk, 401, "the bearer token is missing or wrong")
        if not idempotency_key:
            raise _refused(desk, 400, "the header Idempotency-Key is missing")
        response.status_code, reference = desk.take(idempotency_key, await _json_object(request, desk))
        if desk.outage == HANG:
            await asyncio.Event().wait()
        return {"reference": reference}

    _control(app, desk)
    return app


def _control(app: FastAPI, desk: Desk) -> None:
    @app.post("/_control/outage")
    async def outage(outage: Outage) -> Outage:
        desk.outage = outage.status
        return outage

    @app.post("/_control/callback")
    async def callback(callback: Callback) -> Callback:
        desk.callbacks.target = callback
        desk.follow_all()
        return callback

    @app.get("/_control/handovers")
    async def handovers() -> dict[str, int]:
        return {"filed": desk.filed}


async def _json_object(request: Request, desk: Desk) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise _refused(desk, 400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise _refused(desk, 400, "the body is not a JSON object")
    return body


def _refused(desk: Desk, status: int, why: str) -> HTTPException:
    desk.log.write("refused", status=status, why=why)
    return HTTPException(status, why)


def main() -> None:
    options = parser("A legal desk's HTTP endpoint.")
    options.add_argument("--token", required=True)
    options.add_argument("--callback-url", default="")
    options.add_argument(
        "--callback-token", default=os.environ.get("RECOURSE_LEGAL_DESK_CALLBACK_TOKEN", ""), help=SAFER
    )
    options.add_argument("--callback-interval", type=float, default=1.0, help="seconds between two statuses")
    chosen = options.parse_args()
    log = EndLog(chosen.log)
    target = Callback(url=chosen.callback_url, token=chosen.callback_token, interval=chosen.callback_interval)
    desk = Desk(log, chosen.token, Callbacks(log, target))
    serve_http(application(desk), chosen.host, chosen.port)


if __name__ == "__main__":
    main()
