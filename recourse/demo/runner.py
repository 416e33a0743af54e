"""One run of the demo: play the bank and the agents, look, and judge until all are at their end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from consumers.quarantine import Quarantine
from recourse.app.compose import services
from recourse.contracts.delivery import Unavailable
from recourse.demo.agents import Agents
from recourse.demo.bank import Bank, day_of, seconds_a_day
from recourse.demo.book import POISON, Loan, history
from recourse.demo.explaining import Account, account_for
from recourse.demo.judge import disagreements, problems_of
from recourse.demo.plots import LAST_DAY
from recourse.demo.processes import Deployment
from recourse.demo.scanning import Scan, scanned
from recourse.demo.screen import Moment
from recourse.demo.script import Script
from recourse.demo.sealing import Ledger, verified
from recourse.domain.ids import LoanId
from recourse.reading import cases
from recourse.reading.figures import figures
from recourse.service.context import Services
from recourse.stack.ends.log import read_log
from recourse.storage.dossier import dossier_document

Problems = dict[str, list[str]]
_JUDGE_EVERY_DAYS = 4.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """problems: by loan or end; empty when all is as it must be."""

    problems: Problems
    moment: Moment
    account: Account
    ledger: Ledger
    scan: Scan

    def to_json(self, loans: Sequence[Loan]) -> dict[str, Any]:
        bad = set(self.problems)
        plots: dict[str, dict[str, int]] = {}
        for loan in loans:
            counts = plots.setdefault(loan.plot.name, {"loans": 0, "as_expected": 0})
            counts["loans"] += 1
            counts["as_expected"] += loan.id not in bad
        return {
            "ok": not self.problems,
            "loans": len(loans),
            "business_days": round(self.moment.day),
            "seconds": round(self.moment.seconds, 1),
            "outcomes": plots,
            "figures": asdict(self.moment.figures),
            "decisions_made_again": self.account.made_again,
            "refusal_explained": self.account.refusal and asdict(self.account.refusal),
            "sealed": self.ledger.entries,
            "personal_data": self.scan.report,
            "problems": self.problems,
        }


async def run(deployment: Deployment, loans: Sequence[Loan], show: Callable[[Moment], None]) -> Outcome:
    """Until every dossier reads as its plot says, or the last day. Raises StackError when a process ends."""
    began = time.monotonic()
    script = Script({loan.id: loan for loan in loans})
    agents = Agents(deployment.api_url, deployment.tokens, deployment.calendar, script)
    book = [dated for loan in loans for dated in history(loan)]
    bank = Bank(deployment.kafka, deployment.topics, deployment.calendar, book, script.payments)
    acting = [asyncio.create_task(each) for each in (bank.play(), agents.work())]
    try:
        async with services(deployment.settings()) as running:
            stage = _Stage(deployment, loans, running, agents, bank, acting)
            return await stage.watch(began, show)
    finally:
        for task in acting:
            task.cancel()
        await asyncio.gather(*acting, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Stage:
    """acting: the bank and the agents, who never end by themselves."""

    deployment: Deployment
    loans: Sequence[Loan]
    running: Services
    agents: Agents
    bank: Bank
    acting: Sequence[asyncio.Task[None]]

    async def watch(self, began: float, show: Callable[[Moment], None]) -> Outcome:
        """Raises what stopped the bank or the agents."""
        judged, a_day = 0.0, seconds_a_day(self.deployment.calendar)
        while True:
            self.deployment.alive()
            for task in self.acting:
                if task.done():
                    task.result()
            moment = await self._look(time.monotonic() - began)
            show(moment)
            last = moment.day > LAST_DAY
            if last or (self.bank.done and moment.day - judged > _JUDGE_EVERY_DAYS):
                judged = moment.day
                problems = await _judge(self.deployment, self.loans, self.running)
                if last or not problems:
                    account = await account_for(self.deployment, self.running)
                    if account.differs:
                        problems["explain"] = account.differs
                    ledger = await verified(self.deployment)
                    if ledger.problems:
                        problems["evidence"] = ledger.problems
                    scan = await scanned(self.deployment, self.loans)
                    if scan.problems:
                        problems["personal data"] = scan.problems
                    return Outcome(problems, moment, account, ledger, scan)
            await asyncio.sleep(max(_LOOK_SECONDS, a_day / 5))

    async def _look(self, seconds: float) -> Moment:
        async with self.running.database.reading() as tx:
            now = await self.running.database.now(tx)
            lines = await cases.listing(tx, now, open_only=False, limit=1000)
            counts = await figures(tx, now)
        return Moment(day_of(self.deployment.calendar), seconds, lines, counts, self.agents.answered)


async def _judge(deployment: Deployment, loans: Sequence[Loan], running: Services) -> Problems:
    problems: Problems = {}
    dossiers = []
    async with running.database.reading() as tx:
        for loan in loans:
            try:
                dossiers.append(await dossier_document(tx, LoanId(loan.id)))
            except LookupError:
                problems[loan.id] = ["nobody has heard of it"]
            else:
                if found := problems_of(loan, dossiers[-1]):
                    problems[loan.id] = found
        counts = await figures(tx, await running.database.now(tx))
    if counts.undelivered or counts.unpublished:
        problems["delivery"] = [
            f"{counts.undelivered} cases untold, {counts.unpublished} messages unpublished"
        ]
    if found := disagreements(dossiers, _ends(deployment)):
        problems["ends"] = found
    letters = await Quarantine(deployment.kafka, deployment.topics).letters()
    if len(letters) != len(POISON):
        problems["dead letters"] = [f"{len(letters)}, expected {len(POISON)}"]
    return problems


def _ends(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    logs: Mapping[str, str] = deployment.addresses.end_logs
    return {name: list(read_log(Path(path))) for name, path in logs.items()}


async def linger(deployment: Deployment) -> None:
    """Leave everything up to be looked at, until Ctrl-C."""
    with suppress(asyncio.CancelledError, Unavailable):
        while True:
            deployment.alive()
            await asyncio.sleep(1)
