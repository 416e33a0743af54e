"""A case on one screen, and what came of its task."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from markupsafe import escape

from tests.integration.service.conftest import NOON
from tests.web.conftest import PERSONAL
from tests.web.pages.conftest import Browser, Site

CASE = "/cases/case-L-1-1"


def _request_id(page: str) -> str:
    found = re.search(r'name="request_id" value="(\w+)"', page)
    assert found is not None
    return found[1]


async def _mine(site: Site, login: str = "agent-1") -> tuple[Browser, dict[str, str]]:
    """An agent who holds the task, and the hidden fields of his form."""
    agent = await site.person("agent", login)
    await agent.post("/queue/pull")
    page = (await agent.get(CASE)).text
    return agent, {"csrf": await agent.csrf(CASE), "request_id": _request_id(page)}


async def test_it_says_what_the_law_allows_now_and_when_it_opens(site: Site, task: str) -> None:
    agent = await site.person("agent")
    by_day = (await agent.get(CASE)).text
    site.world.set_now(NOON + timedelta(hours=11))
    at_night = (await agent.get(CASE)).text
    assert "outside permitted hours" not in by_day
    assert "outside permitted hours" in at_night
    assert "opens 7 Nov 2026 08:00" in at_night


async def test_a_contact_is_recorded_once_however_often_it_is_sent(site: Site, task: str) -> None:
    agent, hidden = await _mine(site)
    await agent.post("/account/settings", onward="")
    for _ in range(2):
        sent = await agent.post(f"{CASE}/tasks/{task}/complete", outcome="no_answer", **hidden)
        assert sent.headers["location"] == f"{CASE}?done=completed"
    rows = await site.world.rows("SELECT outcome, completed_by FROM agent_task")
    assert [(row["outcome"], row["completed_by"]) for row in rows] == [("no_answer", agent.actor)]
    told = await site.world.scalar("SELECT count(*) FROM step WHERE event = 'outcome' AND outcome = 'retry'")
    assert told == 1


async def test_saving_leads_on_to_the_next_task_where_the_person_wants_that(site: Site, task: str) -> None:
    agent, hidden = await _mine(site)
    sent = await agent.post(f"{CASE}/tasks/{task}/complete", outcome="no_answer", **hidden)
    assert sent.headers["location"] == "/queue?done=completed"


async def test_a_promise_keeps_what_was_typed_until_it_can_be_meant(site: Site, task: str) -> None:
    agent, hidden = await _mine(site)
    path = f"{CASE}/tasks/{task}/complete"
    wrong = await agent.post(path, outcome="promise", amount="1,234.5", on="2031-01-01", **hidden)
    assert (wrong.status_code, "too far ahead" in wrong.text) == (409, True)
    assert 'value="1,234.5"' in wrong.text
    assert 'value="2031-01-01"' in wrong.text
    day = (NOON + timedelta(days=5)).date()
    again = {**hidden, "request_id": _request_id(wrong.text)}
    sent = await agent.post(path, outcome="promise", amount="1,234.5", on=str(day), **again)
    assert sent.status_code == 303
    made = await site.world.rows("SELECT amount_minor, due_on, taken_by FROM promise")
    assert [tuple(row.values()) for row in made] == [(123_450, day, agent.actor)]


@pytest.mark.parametrize("amount", ["", "x", "-5", "1.234", "１２", "1e3"])
async def test_an_amount_that_is_none_makes_no_promise(site: Site, task: str, amount: str) -> None:
    agent, hidden = await _mine(site)
    day = str((NOON + timedelta(days=5)).date())
    path = f"{CASE}/tasks/{task}/complete"
    refused = await agent.post(path, outcome="promise", amount=amount, on=day, **hidden)
    assert (refused.status_code, "needs an amount" in refused.text) == (409, True)


async def test_of_two_who_answer_one_task_one_is_told_that_the_other_has_it(site: Site, task: str) -> None:
    _, hidden = await _mine(site)
    other = await site.person("agent", "agent-2")
    page = (await other.get(CASE)).text
    assert "Held by" in page
    assert "What came of it" not in page
    path = f"{CASE}/tasks/{task}/complete"
    refused = await other.post(path, outcome="no_answer", request_id=hidden["request_id"])
    assert (refused.status_code, "Somebody else has it" in refused.text) == (409, True)


async def test_while_the_engine_is_away_it_is_said_that_nothing_was_saved(site: Site, task: str) -> None:
    agent, hidden = await _mine(site)
    site.runs.down = True
    answer = await agent.post(f"{CASE}/tasks/{task}/complete", outcome="no_answer", **hidden)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Nothing was saved" in answer.text
    assert (await agent.get(CASE)).status_code == 200


async def test_each_step_of_the_diary_has_its_why(site: Site, task: str) -> None:
    page = (await (await site.person("auditor")).get(CASE)).text
    rows = await site.world.rows("SELECT reason, strategy FROM step")
    assert rows
    assert all(row["strategy"] in page for row in rows)
    assert page.count("<summary>why</summary>") == len(rows)
    assert "What came of it" not in page
    assert "Take it" not in page


async def test_codes_and_ids_stand_there_and_nothing_of_a_person(site: Site, task: str) -> None:
    for role in ("agent", "lead", "vehicle", "legal", "auditor", "admin"):
        browser = await site.person(role)
        for path in (CASE, "/cases", "/queue"):
            text = (await browser.get(path)).text
            assert not [word for word in PERSONAL if word in text], (role, path)


async def test_what_stands_in_a_record_is_text_on_the_page(site: Site, task: str) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'{{ 7*7 }}</dd><script>"
    said = _quoted(hostile)
    await site.world.execute(
        f"UPDATE step SET reason = {said}, source = {said}, step_id = {said} WHERE event = 'opened'"
    )
    await site.world.execute(f"UPDATE loan SET lender = {_quoted(hostile)}")
    page = (await (await site.person("auditor")).get(CASE)).text
    assert "<img" not in page
    assert page.count("<script>") == 0
    assert page.count(str(escape(hostile))) == 4


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace(":", "\\:") + "'"


async def test_a_case_is_found_by_its_id_or_by_the_loans(site: Site, task: str) -> None:
    agent = await site.person("agent")
    for asked in ("case-L-1-1", "L-1"):
        assert (await agent.get(f"/cases?case={asked}")).headers["location"] == CASE
    assert (await agent.get("/cases?case=L-9")).status_code == 404


@pytest.mark.parametrize(
    ("accepts", "own", "says"),
    [
        ("zh-CN,zh;q=0.9", None, "我的队列"),
        ("zh-TW", None, "我的队列"),
        ("de,en;q=0.5", None, "My queue"),
        ("", None, "My queue"),
        ("zh-CN", "en", "My queue"),
        ("en", "zh", "我的队列"),
    ],
)
async def test_the_language_is_the_persons_else_the_browsers(
    site: Site, accepts: str, own: str | None, says: str
) -> None:
    agent = await site.person("agent")
    if own is not None:
        await agent.post("/account/settings", language=own)
    page = await agent.get("/queue", **{"Accept-Language": accepts})
    assert f'<h1 class="h2 mb-0 flex-fill">{says}</h1>' in page.text
    assert f'<html lang="{"zh-CN" if says == "我的队列" else "en"}"' in page.text
