"""A token for one lender: another lender's loans are not there, whichever way they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from recourse.contracts.messages import StepCommand
from recourse.service import binding, task_steps, tokens
from recourse.storage.tables.access import ACCESS
from recourse.storage.token_scopes import Bound
from tests.integration.conftest import World, world  # noqa: F401 - fixtures
from tests.integration.service.conftest import open_case
from tests.integration.storage.two_lenders import OTHERS, OURS
from tests.web.conftest import Api
from tests.web.test_access import BODIES, PERMITTED

MINE, THEIRS = "L-1", "M-1"
PERSONAL = ("测试人", "+86138", "@example.com", "沪A00000")


async def _confined(api: Api, role: str, *lenders: str) -> str:
    """A token of the role for these lenders; the name to call by."""
    issue = partial(tokens.issue, role=role, name="of the test", confined=True)
    name = f"{role} of {lenders}"
    api.tokens[name] = issued = await api.world.services.run(issue)
    bind = partial(binding.bind, actor=issued.actor, more=Bound(lenders=lenders))
    await api.world.services.run(bind)
    return name


@pytest.fixture
async def ids(api: Api) -> Mapping[str, str]:
    """One loan of each lender with an open task; by the parameter of a route, what the other lender has."""
    for loan, lender, number in ((MINE, OURS, 1), (THEIRS, OTHERS, 2)):
        mobile, email = f"+861380000000{number}", f"{loan}@example.com"
        case = await open_case(api.world, loan, days=12, lender=lender, mobile=mobile, email=email)
        plan = await case.reach("screening")
        command = StepCommand(case.id, "screening", plan.number)
        await api.world.services.run(partial(task_steps.open_task, command=command))
    task = await api.world.scalar("SELECT id FROM agent_task WHERE loan_id = :l", l=THEIRS)
    point = await api.world.scalar(
        "SELECT p.id FROM contact_point p JOIN person_contact_point c ON c.contact_point_id = p.id "
        "WHERE c.person_id = :who AND p.kind = 'mobile'",
        who=f"C-{THEIRS}",
    )
    await api.world.execute(
        "INSERT INTO location_request (id, loan_id, case_id, purpose, basis, basis_proof, precision, cell_km,"
        f" granted_by, granted_at, granted_until) VALUES ('location-theirs', '{THEIRS}', 'case-{THEIRS}-1',"
        " 'plan_visit', 'consent', '2026-01-01', 'coarse', 5, 'vehicle-1', now(), now() + interval '30 days')"
    )
    return {
        "location_request_id": "location-theirs",
        "task_id": task,
        "case_id": f"case-{THEIRS}-1",
        "loan_id": THEIRS,
        "person_id": f"C-{THEIRS}",
        "contact_point_id": point,
    }


async def _rows(world: World) -> dict[str, int]:  # noqa: F811 - the fixture
    """Of every table of lenders, but what is kept of who read."""
    names = [name for name, access in ACCESS.items() if access.rows is not None]
    return {name: await world.scalar(f"SELECT count(*) FROM {name}") for name in names}


def _body(path: str, ids: Mapping[str, str]) -> Any:
    """That of the access test, about the other lender's people."""
    body = BODIES.get(path)
    if body is None:
        return None
    about = {name: ids[name] for name in ("loan_id", "person_id", "contact_point_id") if name in body}
    return body | about


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "nobody"


def about(path: str, ids: Mapping[str, str]) -> str:
    """The path with these ids in it, and an id of nothing for every other kind."""
    return path.format_map(_Known(ids))


DIRECT = [
    (method, path, role)
    for (method, path), roles in PERMITTED.items()
    for role in sorted(roles - {"admin", "dialler", "recovery"})
    if "{" in path or method == "POST"
]


async def test_no_route_shows_or_changes_what_another_lender_has(api: Api, ids: Mapping[str, str]) -> None:
    """Every route with an id in its path or body, as every role: as if there were no such loan."""
    names: dict[str, str] = {}
    before = await _rows(api.world)
    for method, path, role in DIRECT:
        names.setdefault(role, await _confined(api, role, OURS))
        answer = await api.call(names[role], method, about(path, ids), _body(path, ids))
        said = f"{role} {method} {path}: {answer.status_code} {answer.text}"
        assert answer.status_code in {404, 422} or answer.json() == [], said
        assert not [word for word in PERSONAL if word in answer.text], said
    assert await _rows(api.world) == before


@pytest.mark.parametrize(
    ("method", "path", "role", "wanted"),
    [
        ("GET", "/cases/{case_id}", "agent", 200),
        ("GET", "/dossiers/{loan_id}", "lead", 200),
        ("POST", "/dossiers/{loan_id}/reveals", "lead", 201),
        ("POST", "/tasks/{task_id}/claim", "agent", 200),
        ("POST", "/holds", "agent", 201),
        ("POST", "/ceases", "agent", 201),
    ],
)
async def test_the_same_calls_work_for_a_token_of_that_lender(
    api: Api, ids: Mapping[str, str], method: str, path: str, role: str, wanted: int
) -> None:
    """Else the test above would prove nothing."""
    theirs = await _confined(api, role, OTHERS)
    answer = await api.call(theirs, method, path.format(**ids), _body(path, ids))
    assert answer.status_code == wanted, answer.text


async def test_lists_hold_the_loans_of_the_tokens_lenders(api: Api, ids: Mapping[str, str]) -> None:
    seen = {}
    for lenders in ((OURS,), (OTHERS,), (OURS, OTHERS), ()):
        agent = await _confined(api, "agent", *lenders)
        cases = (await api.get(agent, "/cases")).json()
        work = (await api.get(agent, "/tasks")).json()
        assert {one["loan_id"] for one in cases} == {one["loan_id"] for one in work}
        seen[lenders] = {one["loan_id"] for one in cases}
    assert seen == {(OURS,): {MINE}, (OTHERS,): {THEIRS}, (OURS, OTHERS): {MINE, THEIRS}, (): set()}
    everybody = (await api.get("agent", "/cases")).json()
    assert {one["loan_id"] for one in everybody} == {MINE, THEIRS}


async def test_a_lender_that_is_taken_from_a_token_is_gone_at_the_next_call(
    api: Api, ids: Mapping[str, str]
) -> None:
    agent = await _confined(api, "agent", OURS, OTHERS)
    assert (await api.get(agent, f"/cases/{ids['case_id']}")).status_code == 200
    less = Bound(lenders=(OTHERS,))
    unbind = partial(binding.unbind, actor=api.tokens[agent].actor, less=less)
    await api.world.services.run(unbind)
    assert (await api.get(agent, f"/cases/{ids['case_id']}")).status_code == 404


async def test_a_token_for_every_lender_is_not_confined_by_the_way(api: Api) -> None:
    """It would see less than it did, and nobody would have said so."""
    with pytest.raises(Exception, match="for every lender"):
        await api.world.services.run(
            partial(binding.bind, actor=api.tokens["lead"].actor, more=Bound(lenders=(OURS,)))
        )
