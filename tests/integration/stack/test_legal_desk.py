"""The legal desk takes each handover once and reports until it is heard."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from recourse.stack import StackAddresses, running
from tests.integration.stack.conftest import logged

Body = dict[str, Any]


@pytest.fixture
async def desk(ends: StackAddresses) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(ends) as client:
        yield client
        await client.post("/_control/outage", json={"status": None})


def _client(addresses: StackAddresses) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {addresses.legal_desk_token}"}
    return httpx.AsyncClient(base_url=addresses.legal_desk_url, headers=headers, trust_env=False, timeout=5)


async def _hand_over(client: httpx.AsyncClient, key: str, body: Body) -> httpx.Response:
    return await client.post("/handovers", json=body, headers={"Idempotency-Key": key})


async def test_a_handover_is_filed_once_under_its_key(desk: httpx.AsyncClient, ends: StackAddresses) -> None:
    key, body = secrets.token_hex(8), {"loan_id": "L-1", "dossier": {"parts": [1, 2, 3]}}
    first, again = await _hand_over(desk, key, body), await _hand_over(desk, key, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await _hand_over(desk, key, {**body, "loan_id": "L-2"})
    assert other.status_code == 409
    next_one = await _hand_over(desk, key + "x", body)
    assert next_one.json()["reference"] != first.json()["reference"]
    entry = await logged(ends.end_logs["legal_desk"], "filed", idempotency_key=key, seconds=0)
    assert entry["body"] == body
    assert entry["reference"] == first.json()["reference"]
    await logged(ends.end_logs["legal_desk"], "conflict", idempotency_key=key, seconds=0)


async def test_a_handover_without_token_key_or_object_is_refused(desk: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    assert (
        await desk.post("/handovers", json={}, headers={**key, "Authorization": "Bearer no"})
    ).status_code == 401
    assert (await desk.post("/handovers", json={})).status_code == 400
    assert (await desk.post("/handovers", json=[], headers=key)).status_code == 400
    assert (await desk.post("/handovers", content=b"{", headers=key)).status_code == 400


async def test_an_outage_refuses_or_files_without_answering(
    desk: httpx.AsyncClient, ends: StackAddresses
) -> None:
    key, body = secrets.token_hex(8), {"loan_id": "L-3"}
    await desk.post("/_control/outage", json={"status": 503})
    assert (await _hand_over(desk, key, body)).status_code == 503
    await desk.post("/_control/outage", json={"status": 0})
    with pytest.raises(httpx.ReadTimeout):
        await desk.post("/handovers", json=body, headers={"Idempotency-Key": key}, timeout=0.3)
    await desk.post("/_control/outage", json={"status": None})
    filed = await logged(ends.end_logs["legal_desk"], "filed", idempotency_key=key, seconds=0)
    repeated = await _hand_over(desk, key, body)
    assert (repeated.status_code, repeated.json()) == (200, {"reference": filed["reference"]})


async def test_each_status_is_told_in_order_until_it_is_heard(tmp_path: Path) -> None:
    heard: list[Body] = []
    refusals = iter([503, 500])  # the first two posts fail

    async def listen(headers: dict[str, str], body: Body) -> int:
        assert headers["authorization"] == "Bearer status-token"
        status = next(refusals, 204)
        if status == 204:
            heard.append(body)
        return status

    async with running(tmp_path, servers=(), ends=("legal_desk",)) as addresses, _listener(listen) as url:
        async with _client(addresses) as client:
            target = {"url": url, "token": "status-token", "interval": 0.05}
            await client.post("/_control/callback", json=target)
            reference = (await _hand_over(client, "key-7", {"loan_id": "L-7"})).json()["reference"]
        await logged(addresses.end_logs["legal_desk"], "told", status="enforced", reference=reference)
    assert [body["status"] for body in heard] == ["received", "accepted", "filed", "judgment", "enforced"]
    assert len({body["status_id"] for body in heard}) == 5
    expected = {"reference": reference, "idempotency_key": "key-7", "loan_id": "L-7"}
    assert all({name: body[name] for name in expected} == expected for body in heard)


async def test_the_log_is_the_desks_memory_across_a_restart(tmp_path: Path) -> None:
    references = []
    for _ in range(2):
        async with (
            running(tmp_path, servers=(), ends=("legal_desk",)) as addresses,
            _client(addresses) as client,
        ):
            references.append((await _hand_over(client, "key-8", {"loan_id": "L-8"})).json()["reference"])
    assert references[0] == references[1]


@asynccontextmanager
async def _listener(answer: Callable[[dict[str, str], Body], Awaitable[int]]) -> AsyncIterator[str]:
    """A minimal HTTP server for the lender's side: hands each posted JSON object to `answer`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head) if name
        }
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        status = await answer(headers, body)
        writer.write(f"HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/statuses"


async def test_nothing_more_is_told_of_a_file_that_was_asked_back_but_the_recall_itself(
    tmp_path: Path,
) -> None:
    heard: list[Body] = []

    async def listen(headers: dict[str, str], body: Body) -> int:
        heard.append(body)
        return 204

    async with running(tmp_path, servers=(), ends=("legal_desk",)) as addresses, _listener(listen) as url:
        async with _client(addresses) as client:
            key = f"key-{secrets.token_hex(8)}"
            reference = (await _hand_over(client, key, {"loan_id": "L-8"})).json()["reference"]
            await client.post("/_control/recalls", json={"answer": "pending"})
            asked = {"handover": key, "reference": reference, "reason": "hold"}
            headers = {"Idempotency-Key": f"recall-{key}"}
            answers = [await client.post("/recalls", json=asked, headers=headers) for _ in range(2)]
            other = await client.post("/recalls", json={**asked, "handover": "another"}, headers=headers)
            await client.post("/_control/recalls", json={"answer": "acknowledged"})
            await client.post("/_control/callback", json={"url": url, "token": "t", "interval": 0.05})
        await logged(addresses.end_logs["legal_desk"], "told", status="recalled", reference=reference)
    assert [(a.status_code, a.json()["recall"]) for a in answers] == [(202, "pending")] * 2
    assert other.status_code == 409
    assert [body["status"] for body in heard if body["reference"] == reference] == ["recalled"]
