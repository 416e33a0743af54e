"""The queue: what is best comes first, nobody gets what another gets, and what cannot be done now waits."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from functools import partial

import pytest

from recourse.contracts.messages import StepCommand
from recourse.service import binding, pulling, task_steps
from recourse.service.tokens import Caller
from recourse.storage.token_scopes import Bound
from tests.events import overdue, payment, snapshot
from tests.integration.service.conftest import NOON, open_case
from tests.web.pages.conftest import Site

LOANS = ("L-1", "L-2", "L-3", "L-4")


@pytest.fixture
async def tasks(site: Site) -> dict[str, str]:
    """An open call for each of four loans of four people, by loan, in the order they were opened."""
    world = site.world
    world.set_now(NOON)
    for n, loan in enumerate(LOANS):
        await world.delivery.accept(
            [
                snapshot(
                    loan,
                    at=NOON,
                    person=f"C-{loan}",
                    mobile=f"+861380000001{n}",
                    email=f"{loan}@example.com",
                ),
                overdue(loan, at=NOON, days=12),
                payment(loan, at=NOON, amount=100, payment_id=f"P-{loan}", cured=False),
            ]
        )
    found = {}
    for n, loan in enumerate(LOANS):
        plan = await world.scalar("SELECT plan->>'step_id' FROM collection_case WHERE loan_id = :l", l=loan)
        number = await world.scalar("SELECT decision FROM collection_case WHERE loan_id = :l", l=loan)
        command = StepCommand(f"case-{loan}-1", plan, number)
        await world.services.run(partial(task_steps.open_task, command=command))
        found[loan] = await world.scalar("SELECT id FROM agent_task WHERE loan_id = :l", l=loan)
        await world.execute(
            f"UPDATE agent_task SET opened_at = opened_at + interval '{n} s' WHERE loan_id = '{loan}'"
        )
    return found


def _case(location: str) -> str:
    found = re.fullmatch(r"/cases/case-(.*)-1", location)
    return found[1] if found is not None else location


async def _pulled(site: Site, login: str, role: str = "agent") -> str:
    browser = await site.person(role, login)
    return _case((await browser.post("/queue/pull")).headers["location"])


async def test_deadlines_come_before_broken_promises_before_amounts_before_age(
    site: Site, tasks: dict[str, str]
) -> None:
    run = site.world.execute
    near, far = NOON + timedelta(days=3), NOON + timedelta(days=30)
    await run(f"UPDATE agent_task SET due_at = '{near}' WHERE id = '{tasks['L-4']}'")
    await run(f"UPDATE agent_task SET due_at = '{far}' WHERE id = '{tasks['L-1']}'")
    await run(
        "INSERT INTO promise (id, loan_id, case_id, made_at, amount_minor, due_on, state, taken_by) "
        "VALUES ('p-1', 'L-3', 'case-L-3-1', now(), 1, now(), 'broken', 'agent-1')"
    )
    await run("UPDATE loan SET unpaid_minor = unpaid_minor + 1 WHERE id = 'L-2'")
    page = await (await site.person("agent", "looks")).get("/queue")
    shown = re.findall(r'<a href="/cases/case-(L-\d)-1">', page.text)
    got = [await _pulled(site, f"agent-{n}") for n in range(5)]
    assert shown == ["L-4", "L-3", "L-2", "L-1"] == got[:4]
    assert got[4] == "/queue?done=nothing_now"


async def test_of_many_who_pull_at_once_no_two_get_the_same(site: Site, tasks: dict[str, str]) -> None:
    for n in range(6):
        await site.person("agent", f"agent-{n}")
    got = await asyncio.gather(*(_pulled(site, f"agent-{n}") for n in range(6)))
    assert sorted(got) == [*["/queue?done=nothing_now"] * 2, *LOANS]
    holders = await site.world.rows("SELECT claimed_by FROM agent_task WHERE state = 'claimed'")
    assert len({row["claimed_by"] for row in holders}) == 4


async def test_a_task_is_offered_to_one_person_at_a_time(site: Site, tasks: dict[str, str]) -> None:
    """Before anybody has claimed it: else each of them would disturb the case to hear that it is taken."""
    callers = [Caller(f"agent-{n}", "agent") for n in range(6)]
    run = site.world.services.run
    given = await asyncio.gather(*(run(partial(pulling.offer, who=who)) for who in callers))
    assert sorted(one for one in given if one is not None) == sorted(tasks.values())
    assert await run(partial(pulling.offer, who=callers[0])) == given[0]
    site.world.set_now(NOON + timedelta(minutes=1))
    assert await run(partial(pulling.offer, who=callers[5])) is not None


async def test_who_pulls_twice_gets_the_same_again(site: Site, tasks: dict[str, str]) -> None:
    first = await _pulled(site, "agent-1")
    assert await _pulled(site, "agent-1") == first
    assert await site.world.scalar("SELECT count(*) FROM agent_task WHERE state = 'claimed'") == 1


async def test_what_the_gate_refuses_is_set_aside_until_it_opens(site: Site, tasks: dict[str, str]) -> None:
    """At night: each of them would be a call that the law forbids."""
    site.world.set_now(NOON + timedelta(hours=11))
    assert await _pulled(site, "agent-1") == "/queue?done=nothing_now"
    refused = await site.world.rows("SELECT skipped, until FROM queue_offer WHERE actor = ''")
    assert {(row["skipped"], row["until"].hour) for row in refused} == {("outside_hours", 0)}
    assert len(refused) == len(LOANS)
    site.world.set_now(NOON + timedelta(hours=21))
    assert await _pulled(site, "agent-1") in LOANS


async def test_what_somebody_skips_goes_to_another_and_gives_its_slot_back(
    site: Site, tasks: dict[str, str]
) -> None:
    first = await _pulled(site, "agent-1")
    browser = await site.person("agent", "agent-1")
    skipped = await browser.post(f"/queue/{tasks[first]}/skip", why="missing_paper")
    assert skipped.headers["location"] == "/queue?done=skipped"
    slots = await site.world.rows("SELECT state, disposition FROM contact_attempt")
    assert [(row["state"], row["disposition"]) for row in slots] == [("not_sent", "not_made")]
    assert await _pulled(site, "agent-1") != first
    assert await _pulled(site, "agent-2") == first


async def test_nobody_skips_for_another_or_without_a_reason(site: Site, tasks: dict[str, str]) -> None:
    first = await _pulled(site, "agent-1")
    other = await site.person("agent", "agent-2")
    await other.post(f"/queue/{tasks[first]}/skip", why="later")
    assert await site.world.scalar("SELECT count(*) FROM agent_task WHERE state = 'claimed'") == 1
    assert (await other.post(f"/queue/{tasks[first]}/skip", why="lunch")).status_code == 422
    legal = await site.person("legal")
    assert (await legal.post(f"/queue/{tasks['L-2']}/skip", why="later")).status_code == 404


async def test_an_account_for_one_lender_has_its_loans_in_the_queue_and_no_others(
    site: Site, tasks: dict[str, str]
) -> None:
    await site.world.execute("UPDATE loan SET lender = 'another' WHERE id = 'L-2'")
    agent = await site.person("agent", "confined", confined=True)
    bind = partial(binding.bind, actor=agent.actor, more=Bound(lenders=("another",)))
    await site.world.services.run(bind)
    page = await agent.get("/queue")
    assert set(re.findall(r"case-(L-\d)-1", page.text)) == {"L-2"}
    assert (await agent.get("/cases/case-L-1-1")).status_code == 404
    assert (await agent.post(f"/queue/{tasks['L-1']}/skip", why="later")).status_code == 404
    assert await _pulled(site, "confined") == "L-2"


async def test_the_page_has_what_htmx_asks_for_as_a_part(site: Site) -> None:
    await open_case(site.world, days=12)
    agent = await site.person("agent")
    part = await agent.get("/queue", **{"HX-Request": "true"})
    whole = await agent.get("/queue")
    assert "<html" not in part.text
    assert part.text.strip() in whole.text
