"""`make demo DEMO_ARGS="--once --json FILE"` ends by itself, with every loan at the end its plot names."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from recourse.demo.plots import CAST, PLOTS
from recourse.demo.processes import COMMANDS


# Longer days than a person would wait for: the other tests go on beside it.
@pytest.mark.timeout(1500)
async def test_the_demo_reaches_every_stage_and_judges_every_dossier(tmp_path: Path) -> None:
    summary = tmp_path / "demo.json"
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recourse.demo", "--once", "--json", str(summary), "--seconds-a-day", "5"),
        env=os.environ | {"RECOURSE_HOME": str(tmp_path / "home")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await demo.communicate())[0].decode()
    assert demo.returncode == 0, said
    result = json.loads(summary.read_text())
    assert result["ok"] is True
    assert result["loans"] == len(CAST)
    reached = result["figures"]["stages_reached"]
    assert all(reached[stage] > 0 for stage in ("reminder", "agent", "field", "legal", "closed"))
    assert result["decisions_made_again"] > len(CAST)
    assert result["sealed"] > result["decisions_made_again"]
    _nobody_is_named(result["personal_data"], tmp_path / "home")
    assert result["refusal_explained"]["code"] == "no_consent"
    assert "made again from the stored inputs: the same" in said
    assert "no_consent" in said
    for name in PLOTS:
        played = sum(cast.plot == name for cast in CAST)
        assert result["outcomes"][name] == {"loans": played, "as_expected": played}


def _nobody_is_named(scan: dict[str, Any], home: Path) -> None:
    """In nothing that was written meanwhile: logs of every process and server, what the API and the codec
    server answer, topics, every run of every case, and every row of every table."""
    assert scan["found"] == []
    assert (scan["left_out"], scan["unopened"]) == (0, 0)
    assert scan["values"] > 3 * len(CAST)
    looked = scan["looked_at"]
    assert sorted(looked) == ["Kafka", "PostgreSQL", "Temporal", "addresses", "files"]
    assert all(one["pieces"] and one["bytes"] for one in looked.values())
    logs = {path.name for path in (home / "demo" / "logs").iterdir()}
    assert logs >= {f"{name}.log" for name in (*COMMANDS, "postgres", "kafka", "temporal")}
    # The same values are found where they belong: else nothing could be found anywhere.
    assert all(scan["by_design"][f"{end}.ndjson"] for end in ("smtp", "smsc", "legal_desk"))
