"""Reading a dossier leaves a trace of who read it, before it is given out."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.web.conftest import PERSONAL, Api

READS = "SELECT loan_id, actor, via, purpose FROM dossier_read ORDER BY id"


async def test_each_reading_is_kept_and_logged_with_who_and_what_for(api: Api, task: str) -> None:
    with capture_logs() as logs:
        for role, query in (("lead", ""), ("auditor", "?purpose=audit-2026-11")):
            assert (await api.get(role, f"/dossiers/L-1{query}")).status_code == 200
    expected: list[dict[str, str | None]] = [
        {"loan_id": "L-1", "actor": api.tokens["lead"].actor, "purpose": None},
        {"loan_id": "L-1", "actor": api.tokens["auditor"].actor, "purpose": "audit-2026-11"},
    ]
    assert await api.world.rows(READS) == [line | {"via": "api"} for line in expected]
    told = [line for line in logs if line["event"] == "dossier read"]
    assert [{name: line[name] for name in expected[0]} for line in told] == expected
    assert not [words for words in PERSONAL if words in str(logs)]


async def test_who_may_not_read_it_and_a_loan_there_is_none_of_leave_no_trace(api: Api, task: str) -> None:
    assert (await api.get("agent", "/dossiers/L-1")).status_code == 403
    assert (await api.get("lead", "/dossiers/L-0")).status_code == 404
    assert await api.world.rows(READS) == []


@pytest.mark.parametrize("purpose", ["", "a.person@example.com", "for%20my%20friend", "x" * 65])
async def test_a_purpose_that_could_be_a_name_is_refused_and_nothing_is_read(
    api: Api, task: str, purpose: str
) -> None:
    assert (await api.get("lead", f"/dossiers/L-1?purpose={purpose}")).status_code == 422
    assert await api.world.rows(READS) == []


async def test_where_it_cannot_be_kept_nothing_is_read(api: Api, task: str) -> None:
    await api.world.execute("ALTER TABLE dossier_read RENAME TO elsewhere")
    answer = await api.get("lead", "/dossiers/L-1")
    assert answer.status_code == 503
    assert not [words for words in PERSONAL if words in answer.text]
