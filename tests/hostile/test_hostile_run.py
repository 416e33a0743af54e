"""A hostile run: what strangers, colleagues, other lenders and thieves try against one running system, and
what stopped or found each of them, by its name. Who they are stands in docs/threat-model.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import from_inside, from_outside  # noqa: F401 - they name the attacks
from tests.hostile.attacks import ATTACKS
from tests.hostile.conftest import MINE, Victim
from tests.hostile.from_inside import verified

DOCUMENT = Path(__file__).parents[2] / "docs" / "threat-model.md"


# A broker of its own is started first.
@pytest.mark.timeout(600)
async def test_whatever_is_tried_is_refused_or_found_by_its_name(victim: Victim, tmp_path: Path) -> None:
    assert (await victim.cli("evidence", "seal")).exit_code == 0
    assert await verified(victim) == "nothing"
    proved = await victim.cli("evidence", "prove", victim.loan(MINE), "--out", tmp_path / "proof.json")
    assert proved.exit_code == 0
    came_of = {name: await one.made(victim, tmp_path) for name, one in ATTACKS.items()}
    assert came_of == {name: one.ends_as for name, one in ATTACKS.items()}
    # The consumer was up all the time, and would have taken what the broker took.
    assert await victim.world.scalar("SELECT count(*) FROM fact WHERE kind = 'payment'") == 0


@pytest.mark.parametrize("name", ATTACKS)
def test_each_is_a_threat_that_the_document_names(name: str) -> None:
    assert f"| {ATTACKS[name].threat} |" in DOCUMENT.read_text(encoding="utf-8")
