"""A legal desk's HTTP endpoint: takes handovers once each, and reports what became of them.

* `POST /handovers` with `Authorization: Bearer <token>`, `Idempotency-Key` and a JSON object (with
  `loan_id`): 201 `{"reference": …}`; the same key with the same body again: 200, same reference; with
  another body: 409; without a key or object: 400; without the token: 401.
* `POST /recalls` with the same headers and `{"handover": key, "reference", "reason"}` asks a file back: 200
  `{"recall": "acknowledged"}`, and nothing more is reported about it. Of a file it never got: 404 `{"recall":
  "unknown"}`, and a handover under that key is refused from then on with 410. Repeated under its key it is
  answered with what has become of it; about another file: 409.
* `GET /health`: 200.
* `POST /_control/outage` `{"status": 503}` answers handovers with that status before looking at them,
  `{"status": 0}` files them and never answers (the sender cannot know), `{"status": null}` ends the outage.
* `POST /_control/recalls` `{"answer": …}`: `acknowledged` (as it begins), `pending` (202; a status `recalled`
  follows where there is a callback URL) or `too_late`.
* `POST /_control/callback` `{"url": …, "token": …, "interval": seconds}` replaces the `--callback-…` options.
* `GET /_control/handovers`: how many are filed, `{"filed": n}`.

With a callback URL each filed handover is followed by `received`, `accepted`, `filed`, `judgment` and
`enforced`, one per interval: `{"reference", "idempotency_key", "loan_id", "status", "status_id",
"occurred_at", "documents": {kind: id}}`, posted until answered with 2xx. The log is also the desk's memory:
started again on it, it knows its references and resumes its callbacks.

Log: `filed` {idempotency_key, reference, digest, body}; `repeated`, `conflict` {idempotency_key, reference};
`refused` {status}; `recalled` {idempotency_key, handover, reference, reason, answer}, `recall_repeated`
{idempotency_key, handover, answer}; `told` {status_id, reference, status}; `not_told` {status_id, answer}.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

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


RecallAnswer = Literal["acknowledged", "pending", "too_late"]
_STATUS = {"acknowledged": 200, "pending": 202, "too_late": 200, "unknown": 404}
_REPEATED = ("idempotency_key", "handover", "answer")


class RecallBody(BaseModel):
    handover: str
    reference: str | None = None
    reason: str


class Recalls(BaseModel):
    answer: RecallAnswer


class Desk:
    """The files of the desk, kept in its log."""

    def __init__(self, log: EndLog, token: str, callbacks: Callbacks) -> None:
        self.log = log
        self.token = token
        self.callbacks = callbacks
        self.outage: int | None = None
        self.recall_answer: RecallAnswer = "acknowledged"
        self._filed = {entry["idempotency_key"]: entry for entry in log.read() if entry["event"] == "filed"}
        self._recalled = {e["idempotency_key"]: e for e in log.read() if e["event"] == "recalled"}

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

    def is_barred(self, key: str) -> bool:
        """It was recalled before it came: whatever was on its way must not be begun."""
        return key not in self._filed and any(e["handover"] == key for e in self._recalled.values())

    def recall(self, key: str, asked: RecallBody) -> tuple[int, str]:
        """Returns the HTTP status and what becomes of the file."""
        known, filed = self._recalled.get(key), self._filed.get(asked.handover)
        if known is not None:
            if known["handover"] != asked.handover:
                return 409, "conflict"
            self.log.write("recall_repeated", **{name: known[name] for name in _REPEATED})
            return _STATUS[known["answer"]], str(known["answer"])
        answer = self.recall_answer if filed is not None else "unknown"
        entry = {"idempotency_key": key, **asked.model_dump(), "answer": answer}
        self.log.write("recalled", **entry)
        self._recalled[key] = entry
        if filed is not None and answer != "too_late":
            self.callbacks.recall(filed, report=answer == "pending")
        return _STATUS[answer], answer

    def follow_all(self) -> None:
        """Begins the callbacks of what was filed by an earlier process, or before a target was given."""
        stopped = {e["handover"]: e["answer"] for e in self._recalled.values()}
        for key, entry in self._filed.items():
            if stopped.get(key, "too_late") == "too_late":
                self.callbacks.follow(entry)
            else:
                self.callbacks.recall(entry, report=stopped[key] == "pending")


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
        _let_in(desk, authorization, idempotency_key)
        if desk.is_barred(idempotency_key):
            raise _refused(desk, 410, "recalled before it came")
        response.status_code, reference = desk.take(idempotency_key, await _json_object(request, desk))
        if desk.outage == HANG:
            await asyncio.Event().wait()
        return {"reference": reference}

    @app.post("/recalls")
    async def recall(
        body: RecallBody,
        response: Response,
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header()] = "",
    ) -> dict[str, str]:
        _let_in(desk, authorization, idempotency_key)
        response.status_code, answer = desk.recall(idempotency_key, body)
        if desk.outage == HANG:
            await asyncio.Event().wait()
        return {"recall": answer}

    _control(app, desk)
    return app


def _let_in(desk: Desk, authorization: str, key: str) -> None:
    """Raises for what no file and no recall gets by."""
    if desk.outage is not None and desk.outage != HANG:
        raise _refused(desk, desk.outage, "outage")
    if not secrets.compare_digest(authorization.encode(), f"Bearer {desk.token}".encode()):
        raise _refused(desk, 401, "the bearer token is missing or wrong")
    if not key:
        raise _refused(desk, 400, "the header Idempotency-Key is missing")


def _control(app: FastAPI, desk: Desk) -> None:
    @app.post("/_control/outage")
    async def outage(outage: Outage) -> Outage:
        desk.outage = outage.status
        return outage

    @app.post("/_control/recalls")
    async def recalls(recalls: Recalls) -> Recalls:
        desk.recall_answer = recalls.answer
        return recalls

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
