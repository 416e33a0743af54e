"""A dossier is masked until somebody says what he needs it in clear for; and the glass that may be broken."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from recourse.contracts.events import parse_line, to_line
from recourse.domain.disclosure import Finding
from recourse.service import binding, revealing, tokens
from recourse.service.noting import Pointless
from recourse.storage.token_scopes import Bound
from tests.events import overdue, snapshot
from tests.integration.service.conftest import NOON
from tests.web.conftest import Api

NAME, MOBILE, EMAIL, PLATE, HOME = "测试人", "13800000001", "borrower@example.com", "沪A00000", "home of L-1"
ID_NUMBER, VIN, GUARANTOR = "31010119900101991X", "LSVAA00000A000001", "担保人甲"
CLEAR = (NAME, MOBILE, EMAIL, PLATE, HOME, ID_NUMBER, VIN, GUARANTOR)
BROKEN = {"purpose": "reach_borrower", "justification": "danger_to_life", "reference": "ticket-7"}
READS = "SELECT actor, purpose, reveal_id FROM dossier_read ORDER BY id"


@pytest.fixture
async def told(api: Api) -> Api:
    """L-1 with everything that a bank may say, and a guarantor."""
    api.world.set_now(NOON)
    other = {"id": "P-2", "role": "guarantor", "name": GUARANTOR, "contact_points": []}
    line: dict[str, Any] = json.loads(to_line(snapshot("L-1", at=NOON, others=[other])))
    line["data"]["borrower"] |= {"national_id": ID_NUMBER}
    line["data"]["vehicle"] |= {"vin": VIN}
    await api.world.delivery.accept([parse_line(json.dumps(line)), overdue("L-1", at=NOON, days=12)])
    return api


async def _reveal(api: Api, role: str, request_id: str = "r-1", **body: Any) -> httpx.Response:
    return await api.post(
        role, "/dossiers/L-1/reveals", request_id=request_id, **{"purpose": "reach_borrower"} | body
    )


async def _clear(api: Api, role: str, reveal: httpx.Response) -> httpx.Response:
    return await api.get(role, f"/reveals/{reveal.json()['id']}/dossier")


def _seen(answer: httpx.Response) -> set[str]:
    return {word for word in CLEAR if word in json.dumps(answer.json(), ensure_ascii=False)}


@pytest.mark.parametrize(
    ("role", "shown"), [("lead", {NAME}), ("legal", {NAME}), ("auditor", set()), ("admin", set())]
)
async def test_each_role_sees_what_it_is_for_and_the_rest_masked(
    told: Api, role: str, shown: set[str]
) -> None:
    answer = await told.get(role, "/dossiers/L-1")
    assert answer.status_code == 200
    assert _seen(answer) == shown
    document = answer.json()
    assert document["repayment"]["unpaid_minor"] > 0
    person = next(one for one in document["borrower"]["people"] if one["role"] == "borrower")
    assert person["details"]["national_id"].startswith(f"…{ID_NUMBER[-4:]}")
    assert "vehicle.details.plate" in document["masked"]


@pytest.mark.parametrize("role", ["lead", "legal", "auditor", "admin"])
async def test_with_a_purpose_it_is_shown_whole_and_the_reading_names_it(told: Api, role: str) -> None:
    reveal = await _reveal(told, role, reference="file-9")
    assert reveal.status_code == 201
    answer = await _clear(told, role, reveal)
    assert _seen(answer) == set(CLEAR)
    actor = told.tokens[role].actor
    expected = {"actor": actor, "purpose": "reach_borrower", "reveal_id": reveal.json()["id"]}
    assert await told.world.rows(READS) == [expected]
    kept = await told.world.rows("SELECT loan_id, actor, role, purpose, reference, outside FROM reveal")
    whole = {"loan_id": "L-1", "actor": actor, "role": role, "purpose": "reach_borrower"}
    assert kept == [whole | {"reference": "file-9", "outside": None}]


async def test_it_ends_and_is_nobody_elses(told: Api) -> None:
    reveal = await _reveal(told, "lead")
    assert (await _clear(told, "legal", reveal)).status_code == 404
    assert (await _clear(told, await told.another("lead"), reveal)).status_code == 404
    told.world.set_now(NOON + timedelta(minutes=29))
    assert (await _clear(told, "lead", reveal)).status_code == 200
    told.world.set_now(NOON + timedelta(minutes=31))
    late = await _clear(told, "lead", reveal)
    assert (late.status_code, _seen(late)) == (422, set())
    assert len(await told.world.rows(READS)) == 1


@pytest.mark.parametrize("table", ["reveal", "dossier_read"])
async def test_what_cannot_be_written_is_not_shown(told: Api, table: str) -> None:
    reveal = await _reveal(told, "lead")
    await told.world.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    for answer in (await _clear(told, "lead", reveal), await _reveal(told, "lead", "r-2")):
        assert _seen(answer) == set()
    assert (await _clear(told, "lead", reveal)).status_code == 503


async def test_the_same_request_gives_the_same_reveal_and_another_none(told: Api) -> None:
    first, again = await _reveal(told, "lead"), await _reveal(told, "lead")
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await _reveal(told, "lead", purpose="audit")).status_code == 409
    assert await told.world.scalar("SELECT count(*) FROM reveal") == 1


@pytest.mark.parametrize(
    "body",
    [{"purpose": "curiosity"}, {"purpose": "a.person@example.com"}, {"reference": "Mary Doe"}, {"more": "x"}],
)
async def test_a_purpose_is_of_a_closed_list_and_no_text_is_kept(told: Api, body: dict[str, str]) -> None:
    assert (await _reveal(told, "lead", **body)).status_code == 422
    assert await told.world.scalar("SELECT count(*) FROM reveal") == 0


@pytest.mark.parametrize("role", ["agent", "vehicle"])
async def test_who_does_not_read_dossiers_breaks_the_glass_and_everybody_hears_it(
    told: Api, role: str
) -> None:
    assert (await _reveal(told, role)).status_code == 403
    assert (await _reveal(told, role, justification="danger_to_life")).status_code == 422
    assert await told.world.scalar("SELECT count(*) FROM reveal") == 0
    with capture_logs() as logs:
        reveal = await _reveal(told, role, **BROKEN)
    assert reveal.status_code == 201
    assert _seen(await _clear(told, role, reveal)) == set(CLEAR)
    [loud] = [line for line in logs if line["event"] == "glass broken"]
    assert (loud["log_level"], loud["reveal_id"]) == ("warning", reveal.json()["id"])
    assert not [word for word in CLEAR if word in str(logs)]
    actor = told.tokens[role].actor
    diary = await told.world.rows("SELECT code, source, actor FROM step WHERE event = 'glass_broken'")
    assert diary == [{"code": "danger_to_life", "source": reveal.json()["id"], "actor": actor}]


async def test_whose_dossier_it_is_anyway_breaks_nothing(told: Api) -> None:
    assert (await _reveal(told, "lead", **BROKEN)).status_code == 422


@pytest.mark.parametrize("role", ["desk", "dialler", "recovery"])
async def test_an_outsider_cannot_break_it(told: Api, role: str) -> None:
    assert (await _reveal(told, role, **BROKEN)).status_code == 403


async def test_another_lenders_dossier_is_one_there_is_none_of_unless_the_house_says_otherwise(
    told: Api,
) -> None:
    issue = partial(tokens.issue, role="lead", name="of the test", confined=True)
    told.tokens["confined"] = issued = await told.world.services.run(issue)
    others = Bound(lenders=("another lender",))
    await told.world.execute(
        "INSERT INTO loan (id, lender, region, currency, zone, account, unpaid_minor, recorded_at) "
        "SELECT 'M-1', 'another lender', region, currency, zone, account, 0, now() FROM loan WHERE id = 'L-1'"
    )
    await told.world.services.run(partial(binding.bind, actor=issued.actor, more=others))
    assert (await _reveal(told, "confined", **BROKEN)).status_code == 404
    told.app.state.across_lenders = True
    assert (await _reveal(told, "confined")).status_code == 404
    reveal = await _reveal(told, "confined", **BROKEN)
    assert (reveal.status_code, reveal.json()["outside"]) == (201, "lender")
    assert _seen(await _clear(told, "confined", reveal)) == set(CLEAR)
    assert (await told.get("confined", "/dossiers/L-1")).status_code == 404
    assert (await told.get("confined", "/cases/case-L-1-1")).status_code == 404
    told.app.state.across_lenders = False
    assert (await _clear(told, "confined", reveal)).status_code == 404


async def test_another_person_reviews_it_once(told: Api) -> None:
    reveal = (await _reveal(told, "agent", **BROKEN)).json()["id"]
    same = partial(
        tokens.issue, role="lead", name="the agent's other token", person=told.tokens["agent"].person
    )
    other_token = await told.world.services.run(same)
    for actor in (told.tokens["agent"].actor, other_token.actor):
        with pytest.raises(Pointless, match="another person"):
            await _reviewed(told, reveal, actor)
    done = await _reviewed(told, reveal, told.tokens["auditor"].actor)
    assert (done.finding, done.reviewed_by) == (Finding.NOT_JUSTIFIED, told.tokens["auditor"].actor)
    with pytest.raises(Pointless, match="already"):
        await _reviewed(told, reveal, told.tokens["lead"].actor)
    diary = await told.world.rows("SELECT code, source FROM step WHERE event = 'broken_glass_reviewed'")
    assert diary == [{"code": "not_justified", "source": reveal}]


async def _reviewed(api: Api, reveal: str, actor: str) -> Any:
    review = partial(revealing.review, key=reveal, finding=Finding.NOT_JUSTIFIED, actor=actor)
    return await api.world.services.run(review)
