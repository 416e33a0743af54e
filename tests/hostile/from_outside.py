"""Attacks by strangers and by people with a token: on the bank's topics, the API and the codec server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from recourse.app.compose import temporal
from recourse.contracts.events import encode_binary
from recourse.contracts.messages import TaskAnswer
from recourse.service import binding, tokens
from recourse.storage.token_scopes import Bound
from recourse.temporal.case_runs import TemporalCaseRuns
from tests.events import payment
from tests.hostile.attacks import attack
from tests.hostile.conftest import MINE, NAMES, THEIRS, UI, Victim
from tests.integration.consumers.test_least_privilege import TOPICS
from tests.integration.service.conftest import NOON
from tests.integration.storage.two_lenders import OURS
from tests.web.test_access import BODIES
from tests.web.test_lenders import DIRECT, about

# The bank's topics

FORGED = "forges bank events: a payment that stops collection, an overdue that starts it"


async def _forge(options: Mapping[str, Any], loan: str) -> str:
    """Says that a loan was paid; the broker's answer."""
    key, value, headers = encode_binary(payment(loan, at=NOON, sequence=9))
    producer = AIOKafkaProducer(**options, request_timeout_ms=5000)
    try:
        await asyncio.wait_for(producer.start(), 15)
        await asyncio.wait_for(producer.send_and_wait(TOPICS.payments, value, key=key, headers=headers), 15)
    except KafkaError as error:
        return type(error).__name__
    finally:
        await producer.stop()
    return "taken"


@attack("a payment forged without a login", FORGED, "KafkaConnectionError")
async def _without_a_login(victim: Victim, _: Path) -> str:
    return await _forge({"bootstrap_servers": victim.broker.brokers}, victim.loan(MINE))


@attack("a payment forged with a guessed password", FORGED, "KafkaConnectionError")
async def _with_a_guess(victim: Victim, _: Path) -> str:
    return await _forge(
        victim.broker.as_("publish").options() | {"sasl_plain_password": "guess"}, victim.loan(MINE)
    )


@attack("a payment forged by a process of ours", FORGED, "TopicAuthorizationFailedError")
async def _by_our_relay(victim: Victim, _: Path) -> str:
    return await _forge(victim.broker.as_("relay").options(), victim.loan(MINE))


# The API

ANOTHERS = "asks for what another lender has, by its ids, over any route"


@attack("another lender's ids, over every route, as every role", ANOTHERS, "as if there were none")
async def _another_lenders_ids(victim: Victim, _: Path) -> str:
    """Answers that are neither `there is none` nor empty, if there are any; and what changed."""
    loan, before, wrong = victim.loan(THEIRS), await _rows(victim), []
    ids = {"task_id": await victim.task(THEIRS), "case_id": victim.case(THEIRS), "loan_id": loan}
    ids |= {"person_id": f"C-{loan}", "contact_point_id": await _point(victim, f"C-{loan}")}
    for method, path, role in DIRECT:
        name = await _confined(victim, role)
        body = BODIES.get(path)
        sent = None if body is None else body | {key: ids[key] for key in ids if key in body}
        answer = await victim.api.call(name, method, about(path, ids), sent)
        if not (answer.status_code in {404, 422} or answer.json() == []) or NAMES[THEIRS] in answer.text:
            wrong.append(f"{role} {method} {path}: {answer.status_code}")
    assert len(DIRECT) > 50
    assert await _rows(victim) == before
    return ", ".join(wrong) or "as if there were none"


async def _confined(victim: Victim, role: str) -> str:
    """A token of the role for one lender; the name to call by."""
    name = f"{role} of {OURS}"
    if name not in victim.api.tokens:
        issue = partial(tokens.issue, role=role, name="a thief", confined=True)
        victim.api.tokens[name] = issued = await victim.world.services.run(issue)
        bind = partial(binding.bind, actor=issued.actor, more=Bound(lenders=(OURS,)))
        await victim.world.services.run(bind)
    return name


async def _token(victim: Victim, role: str) -> str:
    name = f"{role} {len(victim.api.tokens)}"
    victim.api.tokens[name] = await victim.world.services.run(partial(tokens.issue, role=role, name="a test"))
    return name


async def _point(victim: Victim, person: str) -> str:
    asked = "SELECT contact_point_id FROM person_contact_point WHERE person_id = :p LIMIT 1"
    return str(await victim.world.scalar(asked, p=person))


async def _rows(victim: Victim) -> list[int]:
    told = (
        "fact",
        "hold",
        "step",
        "agent_task",
        "contact_attempt",
        "agreement",
        "dispute",
        "permit",
        "proof",
    )
    return [await victim.world.scalar(f"SELECT count(*) FROM {table}") for table in told]


# Replays

REPLAYED = "repeats an update, his own or another's"


@attack("a claim replayed over the API", REPLAYED, "the same receipt, one attempt")
async def _replayed_claim(victim: Victim, _: Path) -> str:
    agent, task = await _token(victim, "agent"), await victim.task(MINE)
    asked = [await victim.api.post(agent, f"/tasks/{task}/claim", request_id="r-1") for _ in range(2)]
    assert [one.status_code for one in asked] == [200, 200], asked[0].text
    attempts = await victim.world.scalar("SELECT count(*) FROM contact_attempt WHERE channel = 'call'")
    same = asked[0].json() == asked[1].json()
    return "the same receipt, one attempt" if same and attempts == 1 else f"{same}, {attempts} attempts"


@attack("another's claim replayed under his request id", REPLAYED, "409 claimed_by_another")
async def _replayed_by_another(victim: Victim, _: Path) -> str:
    other, task = await _token(victim, "agent"), await victim.task(MINE)
    answer = await victim.api.post(other, f"/tasks/{task}/claim", request_id="r-1")
    return f"{answer.status_code} {answer.json()['code']}"


@attack("an update id replayed at Temporal, with other words", REPLAYED, "claimed_by_another, one answer")
async def _replayed_at_temporal(victim: Victim, _: Path) -> str:
    """By somebody who reaches Temporal and has its keys."""
    client, task = await temporal(victim.settings), await victim.task(MINE)
    runs = TemporalCaseRuns(client, victim.settings.calendar.data(), victim.prefix)
    receipts = []
    for actor in ("thief", "thief", "other"):
        answer = TaskAnswer(task, "claim", actor, request_id="r-2", roles=("agent",))
        receipts.append(await runs.answer_task(victim.case(MINE), answer))
    codes = {receipt.code for receipt in receipts}
    answered = await victim.world.scalar("SELECT count(*) FROM task_answer WHERE task_id = :t", t=task)
    return f"{', '.join(sorted(codes))}, {'one answer' if answered == 1 else answered}"


# The codec server

OPENED = "asks the codec server for what cases contain"


async def _decoded(victim: Victim, **headers: str) -> str:
    async with httpx.AsyncClient(base_url=victim.codec, trust_env=False) as http:
        sent = {"X-Namespace": victim.cli.env.get("TEMPORAL_NAMESPACE", "default")} | headers
        return str((await http.post("/decode", json={"payloads": []}, headers=sent)).status_code)


@attack("the codec server without a token", OPENED, "401")
async def _codec_without_a_token(victim: Victim, _: Path) -> str:
    return await _decoded(victim)


@attack("the codec server with an agent's token", OPENED, "403")
async def _codec_of_an_agent(victim: Victim, _: Path) -> str:
    agent = victim.api.tokens[await _token(victim, "agent")].token
    return await _decoded(victim, Authorization=f"Bearer {agent}")


@attack("the codec server with a lead's cookie, from another page", OPENED, "401")
async def _codec_from_another_page(victim: Victim, _: Path) -> str:
    lead = victim.api.tokens[await _token(victim, "lead")].token
    async with httpx.AsyncClient(base_url=victim.codec, trust_env=False) as http:
        session = (await http.post("/login", data={"token": lead})).cookies["recourse_codec"]
    assert await _decoded(victim, Cookie=f"recourse_codec={session}", Origin=UI) == "200"
    return await _decoded(victim, Cookie=f"recourse_codec={session}", Origin="http://evil.example")
