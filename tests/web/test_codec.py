"""The codec server: what cases contain, for those who may read dossiers, and for the pages of the UI."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from google.protobuf.json_format import MessageToDict
from structlog.testing import capture_logs
from temporalio.api.common.v1 import Payload, Payloads

from recourse.app.codec import opened
from recourse.service import binding, tokens
from recourse.storage.token_scopes import Bound
from recourse.temporal.codec import KeyRing, SealedPayloads
from recourse.web.codec import LONGEST, CodecParts, build_codec
from recourse.web.headers import HEADERS
from recourse.web.rate import Door, Rate
from tests.integration.conftest import World, world  # noqa: F401 - fixtures
from tests.web.conftest import ROLES, client

UI = "http://ui.example:8233"
CODEC = SealedPayloads(KeyRing.parse(KeyRing.fresh_entry("k1")))
SECRET = Payload(metadata={"encoding": b"json/plain"}, data=b'"SECRET"')


@dataclass
class Server:
    app: FastAPI
    world: World
    http: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def decode(self, token: str | None, body: Any = None, **headers: str) -> httpx.Response:
        sent = {"X-Namespace": "cases", "Origin": UI} | {k.replace("_", "-"): v for k, v in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        content = json.dumps(body if body is not None else await sealed())
        return await self.http.post("/decode", content=content, headers=sent)

    async def token(self, role: str, *lenders: str) -> str:
        issue = partial(tokens.issue, role=role, name="of the test", confined=bool(lenders))
        issued = await self.world.services.run(issue)
        if lenders:
            bind = partial(binding.bind, actor=issued.actor, more=Bound(lenders=lenders))
            await self.world.services.run(bind)
        return issued.token


async def sealed(*payloads: Payload) -> Any:
    return MessageToDict(Payloads(payloads=await CODEC.encode(payloads or [SECRET])))


def contents(answer: httpx.Response) -> list[bytes]:
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(each["data"]) for each in answer.json()["payloads"]]


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:  # noqa: F811 - the fixture
    parts = CodecParts(
        world.services, partial(opened, CODEC), "cases", UI, Door(Rate(most=20, clock=lambda: 0.0))
    )
    app = build_codec(parts)
    async with client(app) as http:
        yield Server(app, world, http)


async def test_a_lead_sees_what_is_inside(server: Server) -> None:
    answer = await server.decode(await server.token("lead"))
    assert contents(answer) == [b'"SECRET"']
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("role", ROLES)
async def test_only_who_may_read_dossiers_may(server: Server, role: str) -> None:
    answer = await server.decode(await server.token(role))
    permitted = role in {"lead", "legal", "auditor", "admin"}
    assert answer.status_code == (200 if permitted else 403)
    assert permitted or "payloads" not in answer.text


async def test_a_token_that_is_confined_to_lenders_may_not(server: Server) -> None:
    answer = await server.decode(await server.token("lead", "demo-auto-finance"))
    assert answer.status_code == 403
    assert "confined" in answer.text


@pytest.mark.parametrize("token", [None, "", "rc_" + "x" * 43, "rubbish"])
async def test_nobody_else_gets_anything(server: Server, token: str | None) -> None:
    answer = await server.decode(token)
    assert (answer.status_code, "payloads" in answer.text) == (401, False)


async def test_a_revoked_token_opens_nothing_at_once(server: Server) -> None:
    issued = await server.world.services.run(partial(tokens.issue, role="lead", name="x"))
    assert (await server.decode(issued.token)).status_code == 200
    await server.world.services.run(partial(tokens.revoke, actor=issued.actor))
    assert (await server.decode(issued.token)).status_code == 401


async def test_signing_in_gives_a_cookie_that_pages_of_the_ui_may_use_and_others_not(server: Server) -> None:
    token = await server.token("auditor")
    assert "password" in (await server.http.get("/")).text
    signed = await server.http.post("/login", data={"token": token})
    cookie = signed.headers["set-cookie"]
    assert signed.status_code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert token not in cookie
    assert contents(await server.decode(None)) == [b'"SECRET"']
    foreign = await server.decode(None, Origin="http://evil.example")
    assert foreign.status_code == 401
    assert "access-control-allow-origin" not in foreign.headers


async def test_over_tls_the_cookie_is_this_hosts_alone(server: Server) -> None:
    token = await server.token("auditor")
    async with client(server.app) as http:
        http.base_url = httpx.URL("https://codec")
        signed = await http.post("/login", data={"token": token})
        cookie = signed.headers["set-cookie"]
        assert cookie.startswith("__Host-recourse_codec=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=none"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        sent = {"X-Namespace": "cases", "Origin": UI}
        answer = await http.post("/decode", content=json.dumps(await sealed()), headers=sent)
        assert contents(answer) == [b'"SECRET"']
        session = http.cookies["__Host-recourse_codec"]
        http.cookies.clear()
        plain = sent | {"Cookie": f"recourse_codec={session}"}
        assert (await http.post("/decode", content="{}", headers=plain)).status_code == 401


async def test_every_answer_has_the_headers_of_the_api(server: Server) -> None:
    answers = [
        await server.http.get("/"),
        await server.http.get("/healthz"),
        await server.decode(None),
        await server.decode(await server.token("lead")),
        await server.http.get("/no/such/page"),
    ]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name].startswith(value), (answer.url, name)


async def test_who_signed_out_is_out_and_a_token_is_no_session(server: Server) -> None:
    token = await server.token("auditor")
    await server.http.post("/login", data={"token": token})
    session = server.http.cookies["recourse_codec"]
    assert contents(await server.decode(None)) == [b'"SECRET"']
    await server.http.post("/logout")
    for value in (session, token):
        server.http.cookies.set("recourse_codec", value, domain=server.http.base_url.host)
        assert (await server.decode(None, Cookie=f"recourse_codec={value}")).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_no_other_page_signs_anybody_in_or_out(server: Server, site: str) -> None:
    token, headers = await server.token("auditor"), {"Sec-Fetch-Site": site}
    refused = await server.http.post("/login", data={"token": token}, headers=headers)
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    own = {"Sec-Fetch-Site": "same-origin"}
    assert (await server.http.post("/login", data={"token": token}, headers=own)).status_code == 200
    assert (await server.http.post("/logout", headers=headers)).status_code == 403
    assert contents(await server.decode(None)) == [b'"SECRET"']


async def test_whose_token_is_revoked_is_out_at_once(server: Server) -> None:
    issued = await server.world.services.run(partial(tokens.issue, role="lead", name="x"))
    await server.http.post("/login", data={"token": issued.token})
    assert contents(await server.decode(None)) == [b'"SECRET"']
    await server.world.services.run(partial(tokens.revoke, actor=issued.actor))
    assert (await server.decode(None)).status_code == 401


async def test_signing_in_is_refused_to_who_may_not_read(server: Server) -> None:
    for token in (await server.token("agent"), "rubbish", ""):
        refused = await server.http.post("/login", data={"token": token})
        assert refused.status_code in {401, 403}
        assert "set-cookie" not in refused.headers


async def test_a_browser_is_let_in_from_the_ui_only(server: Server) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-namespace"}
    good = await server.http.options("/decode", headers=asks | {"Origin": UI})
    bad = await server.http.options("/decode", headers=asks | {"Origin": "http://evil.example"})
    assert (good.status_code, good.headers["access-control-allow-origin"]) == (200, UI)
    assert bad.status_code == 400
    assert "access-control-allow-origin" not in bad.headers


@pytest.mark.parametrize("namespace", ["", "others"])
async def test_another_namespace_is_refused(server: Server, namespace: str) -> None:
    answer = await server.decode(await server.token("lead"), X_Namespace=namespace)
    assert answer.status_code == 403


async def test_nothing_can_be_encrypted_with_it(server: Server) -> None:
    headers = {"Authorization": f"Bearer {await server.token('admin')}", "X-Namespace": "cases"}
    assert (await server.http.post("/encode", json={"payloads": []}, headers=headers)).status_code == 404


async def test_what_cannot_be_opened_comes_back_as_it_is(server: Server) -> None:
    body = await sealed(SECRET, SECRET)
    other = SealedPayloads(KeyRing.parse(KeyRing.fresh_entry("k1")))
    body["payloads"][0] = MessageToDict((await other.encode([SECRET]))[0])
    body["payloads"].append(MessageToDict(Payload(metadata={"encoding": b"json/plain"}, data=b"plain")))
    found = contents(await server.decode(await server.token("lead"), body))
    assert found == [base64.b64decode(body["payloads"][0]["data"]), b'"SECRET"', b"plain"]


@pytest.mark.parametrize("body", ["x", 1, {"payloads": 1}, {"payloads": [{"data": 1}]}, {"other": []}])
async def test_rubbish_is_refused_and_named(server: Server, body: Any) -> None:
    answer = await server.decode(await server.token("lead"), body)
    assert answer.status_code == 422
    assert "payloads" in answer.text


async def test_too_much_is_refused_unread(server: Server) -> None:
    headers = {"Content-Length": str(LONGEST + 1)}
    assert (await server.http.post("/decode", content=b"x", headers=headers)).status_code == 413


async def test_who_asks_too_often_waits(server: Server) -> None:
    token, other = await server.token("lead"), await server.token("legal")
    answers = [(await server.decode(token)).status_code for _ in range(22)]
    assert answers == [200] * 20 + [429] * 2
    assert (await server.decode(other)).status_code == 200


async def test_each_decoding_is_on_record_without_its_contents(server: Server) -> None:
    token = await server.token("lead")
    with capture_logs() as logs:
        await server.decode(token)
    (line,) = [line for line in logs if line["event"] == "payloads decoded"]
    assert (line["payloads"], line["not_opened"]) == (1, 0)
    assert line["actor"].startswith("lead-")
    assert "SECRET" not in str(logs)
    assert token not in str(logs)
