"""A queue of any length can be read to its end, and what the caller can take comes first."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import timedelta

import pytest

from tests.integration.service.conftest import NOON, open_case
from tests.web.conftest import Api


async def _queue(api: Api, count: int, claimed: dict[int, str] | None = None) -> list[str]:
    """Tasks of one case, a minute apart; `claimed` names who holds which."""
    await open_case(api.world, days=12)
    for number in range(count):
        holder = (claimed or {}).get(number)
        await api.world.execute(
            "INSERT INTO agent_task (id, loan_id, case_id, step_id, kind, team, state, opened_at, "
            "claimed_by, claim_until) VALUES "
            f"('t-{number:04}', 'L-1', 'case-L-1-1', 's', 'call', 'agents', "
            f"'{'claimed' if holder else 'open'}', '{NOON + timedelta(minutes=number)}', "
            + (f"'{holder}', '{NOON + timedelta(hours=4)}')" if holder else "NULL, NULL)")
        )
    return [f"t-{number:04}" for number in range(count)]


async def _pages(api: Api, path: str) -> list[list[str]]:
    """Every page from `path` on, by the link to the next one."""
    pages, following = [], path
    while following:
        answer = await api.get("agent", following)
        assert answer.status_code == 200
        pages.append([task["id"] for task in answer.json()])
        link = re.fullmatch(r'</api(.+)>; rel="next"', answer.headers.get("link", ""))
        following = link[1] if link else ""
    return pages


async def test_tasks_beyond_the_first_page_are_reached_by_its_link(api: Api) -> None:
    everything = await _queue(api, 7)
    assert await _pages(api, "/tasks?limit=3") == [everything[:3], everything[3:6], everything[6:]]
    assert await _pages(api, "/tasks?limit=7") == [everything]


async def test_two_hundred_come_at_once_and_the_rest_after_them(api: Api) -> None:
    everything = await _queue(api, 203)
    assert await _pages(api, "/tasks") == [everything[:200], everything[200:]]


async def test_what_is_open_or_ones_own_comes_before_what_others_have_claimed(api: Api) -> None:
    mine = api.tokens["agent"].actor
    await _queue(api, 6, {0: "somebody", 1: mine, 3: "somebody", 4: mine})
    assert await _pages(api, "/tasks?limit=2") == [
        ["t-0001", "t-0002"],
        ["t-0004", "t-0005"],
        ["t-0000", "t-0003"],
    ]
    api.world.set_now(NOON + timedelta(hours=5))  # a claim that has run out is open to everybody
    assert [page[0] for page in await _pages(api, "/tasks?limit=2")] == ["t-0000", "t-0002", "t-0004"]


async def test_a_task_that_is_taken_between_two_pages_hides_no_other(api: Api) -> None:
    await _queue(api, 4)
    first = await api.get("agent", "/tasks?limit=2")
    await api.world.execute(
        f"UPDATE agent_task SET state = 'claimed', claimed_by = 'somebody', "
        f"claim_until = '{NOON + timedelta(hours=4)}' WHERE id = 't-0001'"
    )
    following = first.links["next"]["url"].removeprefix("/api")
    assert [t["id"] for t in (await api.get("agent", following)).json()] == ["t-0002", "t-0003"]


NAIVE = b64encode(b'[0, "2026-11-06T04:00:00", "t-0001"]').decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("limit", "0"), ("limit", "501"), ("limit", "many"), ("after", "nonsense"), ("after", NAIVE)],
)
async def test_a_page_that_cannot_be_is_refused_by_its_field(api: Api, field: str, value: str) -> None:
    answer = await api.get("agent", f"/tasks?{field}={value}")
    assert answer.status_code == 422
    assert field in answer.text
