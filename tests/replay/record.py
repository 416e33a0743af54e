"""Records golden histories from the real worker: `python -m tests.replay.record [STORY …] [--as SUFFIX]`.

Without names, every story that has no history yet. A history that exists is never rewritten: record again
with a suffix (`--as 2027-03`), so that what older code wrote goes on being replayed. Prints a row of figures
for the table in `histories/README.md`.

On its own stack, or on the one that RECOURSE_TEST_STACK names. Give it fifteen minutes: a provider is given
four of patience before a step is given up.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recourse.domain.ids import CaseId, LoanId
from recourse.domain.situation import Case, Stage
from recourse.domain.strategy.ladder import StepKind, Strategy
from recourse.domain.strategy.timing import spread
from recourse.packs.loader import load_packs
from recourse.packs.strategies import load_strategy_file
from recourse.stack import StackAddresses, running
from recourse.temporal.budget import bill_of_chain
from tests.replay import goldens, stories
from tests.replay.deployment import START, Deployment, deployment

UNREACHABLE = 9
"""The discard port: nobody listens, so nothing is ever handed over."""
SIDE_BY_SIDE = 8
REFERENCE_LADDER = Path(__file__).parent / "reference_ladder.yaml"


@dataclass(frozen=True)
class Recording:
    """away: settings of providers that lead nowhere. ladder: a strategy file instead of the region's own.
    dynamic: dynamic settings of Temporal's server, which is then this story's alone."""

    story: Callable[[Deployment], Awaitable[None]]
    seconds_a_day: float = 3.0
    away: Mapping[str, Any] = field(default_factory=dict)
    ladder: Path | None = None
    region: str = "CN"
    dynamic: Mapping[str, str] = field(default_factory=dict)


RECORDINGS: Mapping[str, Recording] = {
    "reference": Recording(stories.reference, ladder=REFERENCE_LADDER),
    "default-ladder": Recording(stories.default_ladder),
    "ladder-of-the-united-states": Recording(stories.ladder_of_the_united_states, region="US"),
    "payment-reversed": Recording(stories.payment_reversed, seconds_a_day=6),
    "locator-away": Recording(
        stories.locator_away, seconds_a_day=60, away={"traccar_url": f"http://127.0.0.1:{UNREACHABLE}"}
    ),
    "mail-away": Recording(stories.mail_away, seconds_a_day=60, away={"smtp_port": UNREACHABLE}),
    "legal-desk-away": Recording(
        stories.legal_desk_away, away={"legal_desk_url": f"http://127.0.0.1:{UNREACHABLE}"}
    ),
    "cured-while-a-timer-waits": Recording(stories.cured_while_a_timer_waits),
    "promise-kept": Recording(stories.promise_kept),
    "promise-broken": Recording(stories.promise_broken),
    "holds-placed-and-lifted": Recording(stories.holds_placed_and_lifted),
    "answers": Recording(stories.answers),
    "database-away": Recording(stories.database_away, seconds_a_day=10),
    "moved-to-another-ladder": Recording(stories.moved_to_another_ladder, seconds_a_day=6),
    "history-grew-long": Recording(
        stories.history_grew_long, seconds_a_day=6, dynamic={"limit.historyCount.suggestContinueAsNew": "40"}
    ),
    "master-data-late": Recording(stories.master_data_late),
    "sweep": Recording(stories.sweep),
}


def new_loan(ladder: Strategy) -> str:
    """A loan whose messages fall due well within lawful hours: the last half hour of a compressed day passes
    in milliseconds, and what is sent a little late would wait for the next morning."""
    while True:
        loan = f"golden-{uuid.uuid4().hex[:8]}"
        case = Case(CaseId(f"case-{loan}-1"), LoanId(loan), 1, START, Stage.REMINDER)
        if all(0.1 < spread(case, step.id) < 0.8 for step in ladder.steps if step.kind is StepKind.REMIND):
            return loan


async def record(stack: StackAddresses, name: str, suffix: str, places: asyncio.Semaphore) -> None:
    """Play one story, write what Temporal kept of it, and print its row for the README."""
    recording = RECORDINGS[name]
    ladder = load_strategy_file(recording.ladder) if recording.ladder else None
    loan = new_loan(ladder or load_packs().default_strategy(recording.region))
    async with (
        places,
        deployment(
            stack, loan, seconds_a_day=recording.seconds_a_day, ladder=ladder, away=recording.away
        ) as d,
    ):
        await recording.story(d)
        workflow_id = d.sweep_id if name == "sweep" else d.case_id
        runs = await d.histories(workflow_id)
    goldens.write(name + suffix, workflow_id, runs)
    cost = bill_of_chain(run.events for run in runs)
    sys.stdout.write(f"| `{name + suffix}` | … | {len(runs)} | {cost.events} | {cost.actions} |\n")


async def record_all(chosen: list[str], suffix: str) -> int:
    """Side by side; one that fails leaves no file and does not stop the others."""
    failed = 0
    servers = {tuple(RECORDINGS[name].dynamic.items()) for name in chosen}
    for dynamic in map(dict, sorted(servers)):
        names = [name for name in chosen if RECORDINGS[name].dynamic == dynamic]
        failed += await _record_side_by_side(names, suffix, dynamic)
    return 1 if failed else 0


async def _record_side_by_side(names: list[str], suffix: str, dynamic: Mapping[str, str]) -> int:
    """How many could not be recorded."""
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    with tempfile.TemporaryDirectory() as home:
        async with running(Path(home), servers=("postgres", "temporal"), dynamic=dynamic) as stack:
            ended = await asyncio.gather(
                *(record(stack, name, suffix, places) for name in names), return_exceptions=True
            )
    failed = [(name, end) for name, end in zip(names, ended, strict=True) if end is not None]
    for name, error in failed:
        sys.stderr.write(f"{name}: not recorded: {error!r}\n")
    return len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Record golden histories; existing ones are never rewritten."
    )
    parser.add_argument("story", nargs="*", help=f"default: all without a history of {', '.join(RECORDINGS)}")
    parser.add_argument("--as", dest="suffix", default="", help="suffix of the new files' names")
    options = parser.parse_args()
    suffix = f"-{options.suffix}" if options.suffix else ""
    existing = set(goldens.names())
    chosen = options.story or [name for name in RECORDINGS if name + suffix not in existing]
    if unknown := [name for name in chosen if name not in RECORDINGS]:
        parser.error(f"no such story: {', '.join(unknown)}")
    if taken := [name for name in chosen if name + suffix in existing]:
        sys.stderr.write(f"{', '.join(taken)}: recorded already; choose new names with --as\n")
        return 2
    return asyncio.run(record_all(chosen, suffix))


if __name__ == "__main__":
    sys.exit(main())
