"""`recourse doctor`: what is well, what is a finding (exit 1), what does not answer (exit 3)."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from recourse.contracts.messages import StepCommand, StepResult
from recourse.service import reminding
from tests.cli.conftest import LATE, UNUSED, Cli, Town, sql, until
from tests.events import overdue, snapshot
from tests.integration.conftest import World
from tests.integration.gateways.conftest import scripted_http
from tests.integration.service.conftest import NOON, open_case

AT_WORK = {
    "PostgreSQL",
    "backlog",
    "Kafka",
    "dead letters",
    "Temporal",
    "cases",
    "SMTP",
    "SMSC",
    "SMS replies",
    "Traccar",
    "legal desk",
    "privacy",
}
AWAY = {
    "PostgreSQL": {"RECOURSE_DATABASE_URL": f"postgresql+asyncpg://postgres:sesame@{UNUSED}/recourse"},
    "Kafka": {"RECOURSE_KAFKA_BROKERS": UNUSED},
    "Temporal": {"TEMPORAL_ADDRESS": UNUSED},
    "SMTP": {"RECOURSE_SMTP_PORT": "1"},
    "SMSC": {"RECOURSE_SMPP_PORT": "1"},
    "Traccar": {"RECOURSE_TRACCAR_URL": f"http://{UNUSED}"},
    "legal desk": {"RECOURSE_LEGAL_DESK_URL": f"http://{UNUSED}"},
}

BEHIND = {
    "PostgreSQL": {"backlog", "cases", "SMS replies"},
    "Temporal": {"cases"},
    "Kafka": set(),
}
"""What only this one could tell of."""


async def test_a_deployment_at_work_is_well(town: Town) -> None:

    async def well() -> bool:  # what other tests did a moment ago may be on its way still
        return (await town.cli("doctor")).exit_code == 0

    await until("all is well", well)
    findings = await town.cli.json("doctor")
    assert {one["state"] for one in findings} == {"ok"}
    assert {one["what"] for one in findings} == AT_WORK
    assert {one["remedy"] for one in findings} == {""}
    (cases,) = [one["says"] for one in findings if one["what"] == "cases"]
    assert cases == f"{len(LATE) + 1} open, {len(LATE) + 1} running"


@pytest.mark.parametrize("what", sorted(AWAY))
async def test_what_does_not_answer_is_named_with_a_remedy(town: Town, what: str) -> None:
    findings = await town.cli.json("doctor", exit_code=3, **AWAY[what])
    down = [one for one in findings if one["state"] == "down"]
    assert {one["what"] for one in down} == ({what, "dead letters"} if what == "Kafka" else {what})
    assert all(one["remedy"] for one in down)
    assert "sesame" not in str(findings)
    unexamined = AT_WORK - {one["what"] for one in findings}
    assert unexamined <= BEHIND.get(what, set())  # the others are examined all the same


@pytest.mark.parametrize("wrong", ["/api", "/of/another/house"])
async def test_an_address_of_traccar_at_which_something_else_answers_is_a_finding(
    desk: Cli, wrong: str
) -> None:
    url = desk.env["RECOURSE_TRACCAR_URL"] + wrong
    findings = await desk.json("doctor", exit_code=1, RECOURSE_TRACCAR_URL=url)
    (found,) = [one for one in findings if one["what"] == "Traccar"]
    assert (found["state"], "traccar_404" in found["says"]) == ("finding", True)
    assert "RECOURSE_TRACCAR_URL" in found["remedy"]


async def test_a_token_that_traccar_does_not_know_is_found_before_a_vehicle_is_asked_for(desk: Cli) -> None:
    findings = await desk.json("doctor", exit_code=3, RECOURSE_TRACCAR_TOKEN="sesame")
    (found,) = [one for one in findings if one["what"] == "Traccar"]
    assert (found["state"], "check the token" in found["says"]) == ("down", True)
    assert "sesame" not in str(findings)


async def _traccar_user(desk: Cli, **user: object) -> list[dict[str, str]]:
    """What is said of a user who reads, and may do besides what is given."""
    async with httpx.AsyncClient(base_url=desk.env["RECOURSE_TRACCAR_URL"]) as end:
        (await end.post("/_control/user", json=user)).raise_for_status()
        findings = await desk.json("doctor", exit_code=1)
        (await end.post("/_control/user", json={})).raise_for_status()
    return [one for one in findings if one["what"] == "Traccar user"]


@pytest.mark.parametrize(
    ("user", "named"),
    [
        ({"administrator": True}, "is an administrator"),
        ({"limitCommands": False}, "may send commands"),
        ({"savedCommands": [{"id": 1, "type": "engineStop"}]}, "has 1 saved commands"),
        ({"readonly": False}, "may change devices or users"),
        ({"userLimit": -1}, "may change devices or users"),
    ],
)
async def test_a_traccar_user_that_may_do_more_than_read_is_a_finding(
    desk: Cli, user: dict[str, object], named: str
) -> None:
    (found,) = await _traccar_user(desk, **user)
    assert (found["state"], named in found["says"]) == ("finding", True)
    assert "docs/vehicle.md" in found["remedy"]


async def test_a_traccar_user_that_reads_and_does_nothing_else_is_enough(desk: Cli) -> None:
    assert await _traccar_user(desk) == []


@pytest.mark.parametrize(("topic", "says"), [("positions.none", "no topic positions.none"), ("", "0 in it")])
async def test_a_feed_of_positions_that_nobody_sends_or_takes_is_a_finding(
    town: Town, topic: str, says: str
) -> None:
    """Some topic that there is stands for one of positions: it is only seen whether a member is there."""
    topic = topic or town.cli.env["RECOURSE_TOPICS__LOANS"]
    env = {"RECOURSE_TOPICS__POSITIONS": topic, "RECOURSE_POSITIONS_GROUP": "nobody"}
    findings = await Cli({**town.cli.env, **env}).json("doctor", exit_code=1)
    (found,) = [one for one in findings if one["what"] == "positions"]
    assert (found["state"], says in found["says"]) == ("finding", True)
    assert found["remedy"]


async def test_without_a_key_for_positions_it_is_a_finding(desk: Cli) -> None:
    findings = await desk.json("doctor", exit_code=1, RECOURSE_POSITIONS_KEY=None)
    (found,) = [one for one in findings if one["what"] == "positions"]
    assert (found["state"], "RECOURSE_POSITIONS_KEY" in found["remedy"]) == ("finding", True)


async def test_a_legal_desk_in_trouble_is_a_finding(desk: Cli) -> None:
    """A page that there is none of says nothing: of the desk only `/handovers` is agreed."""
    answers = {"/": b"trouble"}
    async with scripted_http(answers, status="503 Unavailable") as url:
        findings = await desk.json("doctor", exit_code=1, RECOURSE_LEGAL_DESK_URL=url)
    (found,) = [one for one in findings if one["what"] == "legal desk"]
    assert (found["state"], "503" in found["says"]) == ("finding", True)


async def _found(cli: Cli, exit_code: int = 1) -> dict[str, str]:
    """What is said of each finding about the database, and its remedy."""
    findings = await cli.json("doctor", exit_code=exit_code)
    ours = ("PostgreSQL", "backlog")
    return {
        one["says"]: one["remedy"] for one in findings if one["what"] in ours and one["state"] == "finding"
    }


async def test_a_database_without_a_schema_is_a_finding(desk: Cli, empty_database: str) -> None:
    found = await _found(Cli({**desk.env, "RECOURSE_DATABASE_URL": empty_database}))
    assert list(found.values()) == ["recourse db upgrade"]


async def test_a_login_and_a_policy_that_are_not_as_they_should_be_are_findings(cli: Cli) -> None:
    owner = cli.env["RECOURSE_DATABASE_OWNER_URL"]
    strong = Cli({**cli.env, "RECOURSE_DATABASE_URL": owner})
    says = "the login postgres is a superuser: row-level security does not bind it"
    assert "docs/access.md" in (await _found(strong))[says]
    await sql(owner, "ALTER TABLE loan NO FORCE ROW LEVEL SECURITY")
    found = await _found(cli)
    assert "recourse db roles" in found["table loan: row-level security is not forced"]


async def test_cases_not_told_of_their_facts_and_messages_not_published_are_counted(
    cli: Cli, world: World
) -> None:
    world.set_now(NOON)
    for loan in ("L-1", "L-2", "L-3"):
        await world.delivery.accept([snapshot(loan, at=NOON), overdue(loan, at=NOON)])
    messages = await world.scalar("SELECT count(*) FROM outbox")
    found = await _found(cli)
    assert found["3 cases with facts they were not told of"]
    assert [says for says in found if says.startswith(f"{messages} messages not published, the oldest ")]
    assert len(found) == 2


async def test_a_claim_whose_sender_died_is_a_finding_and_a_fresh_one_is_not(cli: Cli, world: World) -> None:
    case = await open_case(world)
    plan = await case.reach("sms_friendly")
    command = StepCommand(case.id, "sms_friendly", plan.number)
    claimed = await world.services.run(partial(reminding.claim, command=command))
    assert not isinstance(claimed, StepResult)
    assert not [says for says in await _found(cli) if "being sent" in says]
    await sql(
        cli.env["RECOURSE_DATABASE_OWNER_URL"],
        "UPDATE contact_attempt SET recorded_at = recorded_at - interval '11 minutes'",
    )
    assert "1 messages being sent, 1 of them claimed over 10 minutes ago" in await _found(cli)


async def test_that_nobody_hears_what_people_send_back_is_a_finding(cli: Cli) -> None:
    findings = await cli.json("doctor", exit_code=1)
    (found,) = [one for one in findings if one["what"] == "SMS replies"]
    assert (found["state"], found["says"][:2]) == ("finding", "0 ")
    assert "recourse worker" in found["remedy"]


async def test_rows_that_nobody_seals_are_a_finding_and_fresh_ones_are_not(cli: Cli, world: World) -> None:
    case = await open_case(world)
    await case.decide()
    rows = await world.scalar("SELECT count(*) FROM unsealed")
    assert not [says for says in await _found(cli) if "not sealed" in says]
    await world.execute("UPDATE unsealed SET recorded_at = recorded_at - interval '11 minutes'")
    assert f"{rows} rows not sealed, {rows} of them for over 10 minutes" in await _found(cli)


async def test_where_nobody_works_the_missing_processes_are_named(desk: Cli, town: Town) -> None:
    """In the town's namespace, which has its search attributes; but for another queue."""
    findings = await desk.json("doctor", exit_code=1, TEMPORAL_NAMESPACE=town.prefix)
    remedies = {one["remedy"] for one in findings if one["state"] == "finding"}
    assert {
        "start `recourse consume`",
        "start `recourse worker`",
        "recourse temporal setup",
        "the bank makes its topics; see docs/events.md",
    } <= remedies


async def test_a_person_sees_what_the_program_sees(town: Town) -> None:
    result = await town.cli("doctor", RECOURSE_SMTP_PORT="1")
    assert result.exit_code == 3
    assert all(what in result.stdout for what in AT_WORK)
    assert "down" in result.stdout
