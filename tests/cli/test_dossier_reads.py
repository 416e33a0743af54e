"""`recourse dossier` keeps who read it, as the API does."""

from __future__ import annotations

import os

from tests.cli.conftest import Cli
from tests.events import snapshot
from tests.integration.conftest import World
from tests.integration.service.conftest import NOON


async def test_each_reading_is_kept_and_listed_and_the_list_is_none(cli: Cli, world: World) -> None:
    world.set_now(NOON)
    await world.delivery.accept([snapshot("L-1", at=NOON)])
    assert "nobody" in (await cli("dossier", "L-1", "--readers")).stdout
    assert (await cli("dossier", "L-1")).exit_code == 0
    await cli.json("dossier", "L-1", "--as", "auditor-7", "--purpose", "audit-2026-11")
    listed = await cli.json("dossier", "L-1", "--readers")
    assert [(one["actor"], one["via"], one["purpose"]) for one in listed] == [
        (f"uid-{os.getuid()}", "cli", None),
        ("auditor-7", "cli", "audit-2026-11"),
    ]
    assert "auditor-7" in (await cli("dossier", "L-1", "--readers")).stdout


async def test_a_loan_there_is_none_of_leaves_no_trace(cli: Cli, world: World) -> None:
    result = await cli("dossier", "L-nobody")
    assert (result.exit_code, result.stdout) == (2, "")
    assert await world.scalar("SELECT count(*) FROM dossier_read") == 0
