"""Cease requests over HTTP: in force with the answer, engine or not, and never told about another one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import PERSONAL, Api

ASKED: dict[str, Any] = {"request_id": "r-1", "source": "letter-7", "person_id": "C-L-1"}


async def _ceased(api: Api) -> Any:
    return await api.world.scalar("SELECT ceased FROM party WHERE id = 'C-L-1'")


async def test_it_is_in_force_when_it_answers_though_the_engine_is_down(api: Api, task: str) -> None:
    api.runs.down = True
    answer = await api.post("agent", "/ceases", **ASKED, channels=["sms", "email"])
    assert answer.status_code == 201
    told = answer.json()
    assert (told["in_force"], told["case_told"], told["people"]) == (True, False, ["C-L-1"])
    assert told["channels"] == await _ceased(api) == ["email", "sms"]


async def test_without_channels_it_is_all_of_them_and_the_next_call_is_refused(api: Api, task: str) -> None:
    await api.post("agent", "/ceases", **ASKED)
    assert await _ceased(api) == ["call", "email", "letter", "sms", "visit"]
    refused = await api.post("agent", f"/tasks/{task}/claim", request_id="r-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "ceased")


async def test_the_same_request_twice_is_one_and_another_under_its_id_is_409(api: Api, task: str) -> None:
    first, again = [await api.post("agent", "/ceases", **ASKED) for _ in range(2)]
    assert first.json() == again.json()
    assert await api.world.scalar("SELECT count(*) FROM fact WHERE kind = 'cease'") == 1
    other = await api.post("agent", "/ceases", **ASKED | {"source": "letter-8"})
    assert other.status_code == 409
    of_another_person = await api.post("lead", "/ceases", **ASKED | {"source": "letter-8"})
    assert of_another_person.status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"loan_id": "L-1"},
        {"person_id": None},
        {"channels": []},
        {"channels": ["fax"]},
        {"party": "neighbour"},
        {"source": "call of 测试人"},
        {"source": None},
    ],
)
async def test_what_is_not_understood_is_422_and_quotes_nothing(
    api: Api, task: str, changes: dict[str, Any]
) -> None:
    answer = await api.post("agent", "/ceases", **ASKED | changes)
    assert answer.status_code == 422
    assert not [words for words in PERSONAL if words in answer.text]
    assert await _ceased(api) == []
