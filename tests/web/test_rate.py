"""How often somebody may ask: each token by itself, and each address that guesses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pytest
from structlog.testing import capture_logs

from recourse.service import tokens
from recourse.web.rate import Door, Rate
from tests.integration.gateways.conftest import closed_port
from tests.web.conftest import Api, client, without_database

GUESS = f"rc_{'A' * 43}"


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(api: Api) -> Clock:
    """Five requests a minute of a token, three wrong tokens a minute of an address."""
    clock = Clock()
    api.app.state.door = Door(Rate(5, clock), Rate(3, clock))
    return clock


async def _guess(api: Api, token: str = GUESS) -> int:
    answer = await api.http.get("/api/cases", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_token_that_asks_too_often_waits_and_others_do_not(api: Api, clock: Clock) -> None:
    assert [(await api.get("agent", "/cases")).status_code for _ in range(6)] == [200] * 5 + [429]
    refused = await api.get("agent", "/cases")
    assert refused.headers["retry-after"] == "12"
    assert refused.headers["cache-control"] == "no-store"
    assert (await api.get("lead", "/cases")).status_code == 200
    clock.now += 11
    assert (await api.get("agent", "/cases")).status_code == 429
    clock.now += 1
    assert [(await api.get("agent", "/cases")).status_code for _ in range(2)] == [200, 429]


async def test_who_was_let_in_is_logged_once_an_hour_and_after_each_refusal(api: Api, clock: Clock) -> None:
    async def logged(*roles: str) -> list[str]:
        with capture_logs() as lines:
            for role in roles:
                await api.get(role, "/cases")
        return [line["actor"] for line in lines if line["event"] == "token let in"]

    agent, lead = api.tokens["agent"].actor, api.tokens["lead"].actor
    assert await logged("agent", "lead", "agent", "lead") == [agent, lead]
    clock.now += 3599
    assert await logged("agent") == []
    clock.now += 1
    assert await logged("agent", "agent") == [agent]
    assert api.tokens["agent"].token not in str(await logged("agent"))


async def test_guessing_is_slow_even_for_who_would_have_guessed_right(api: Api, clock: Clock) -> None:
    assert [await _guess(api) for _ in range(4)] == [401, 401, 401, 429]
    assert await _guess(api, "not even like one") == 429
    assert (await api.http.get("/api/cases")).status_code == 429
    assert await _guess(api, api.tokens["agent"].token) == 429
    clock.now += 20
    assert await _guess(api, api.tokens["agent"].token) == 200


async def test_who_was_let_in_goes_on_though_somebody_guesses_at_his_address(api: Api, clock: Clock) -> None:
    assert (await api.get("agent", "/cases")).status_code == 200
    assert [await _guess(api) for _ in range(4)] == [401, 401, 401, 429]
    assert (await api.get("agent", "/cases")).status_code == 200
    await api.world.services.run(partial(tokens.revoke, actor=api.tokens["agent"].actor))
    assert [(await api.get("agent", "/cases")).status_code for _ in range(2)] == [401, 429]


async def test_a_good_token_is_no_guess(api: Api, clock: Clock) -> None:
    people = [await api.another("agent") for _ in range(5)]
    assert [(await api.get(who, "/cases")).status_code for who in people] == [200] * 5


async def test_an_outage_is_no_guess(api: Api) -> None:
    async with without_database(api, closed_port(), Door(Rate(5), Rate(3))) as http:
        headers = {"Authorization": f"Bearer {GUESS}"}
        assert [(await http.get("/api/cases", headers=headers)).status_code for _ in range(5)] == [503] * 5


async def test_the_health_page_is_not_counted(api: Api, clock: Clock) -> None:
    assert [(await api.http.get("/healthz")).status_code for _ in range(9)] == [200] * 9


async def test_addresses_are_counted_each_by_itself(api: Api, clock: Clock) -> None:
    assert [await _guess(api) for _ in range(4)][-1] == 429
    async with client(api.app, "192.0.2.7") as http:
        assert (await http.get("/api/cases")).status_code == 401
