"""What a step stores has the same digest in every process, whatever the order of its sets there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from recourse.domain.situation import Action, Channel, Hold, HoldReason, Situation
from recourse.packs.loader import load_packs
from recourse.packs.record import rules_digest, situation_digest, situation_to_json
from tests.unit.domain.builders import CN_LADDER, CN_NOON, borrower, rules, situation

ROOT = Path(__file__).parents[3]
DIGESTS = """
import json, sys
from recourse.domain.decide import Rules
from recourse.packs.loader import load_packs
from recourse.packs.record import rules_digest, situation_digest, situation_from_json
book = load_packs()
rules = Rules(book.default_strategy("CN"), (book.laws["CN"], book.laws["US"]))
print(list({"a", "b", "c", "d", "e", "f"}))
print(situation_digest(situation_from_json(json.load(sys.stdin))), rules_digest(rules))
"""


def full_of_sets() -> Situation:
    """A situation with as many unordered sets as it can hold."""
    party = borrower(ceased=frozenset(Channel))
    hold = Hold("H-1", HoldReason.DISPUTE, CN_NOON, None, frozenset(Action))
    return replace(situation(), parties=(party,), holds=(hold,))


def test_digests_are_the_same_whatever_seed_the_process_hashes_with() -> None:
    stored = json.dumps(situation_to_json(full_of_sets()))
    laws = load_packs().laws
    expected = f"{situation_digest(full_of_sets())} {rules_digest(rules(CN_LADDER, laws['CN'], laws['US']))}"
    orders = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", DIGESTS],
            input=stored,
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        order, line = done.stdout.splitlines()
        orders.add(order)
        assert line == expected
    assert len(orders) == 2, "the seeds do change the order of sets"
