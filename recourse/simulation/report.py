"""The result as plain JSON values, for programs, the table and the page alike."""

from __future__ import annotations

from collections import Counter
from typing import Any

from recourse.packs.behaviours import Behaviour
from recourse.simulation.comparing import CONFIDENCE, differences
from recourse.simulation.model import MILLI
from recourse.simulation.spreading import Result, Setup
from recourse.simulation.tally import METRICS, Tally
from recourse.simulation.trial import Trial


def report(setup: Setup, result: Result, book: str) -> dict[str, Any]:
    """Amounts in minor units, cost in minor units, work in hours. Sorted, so that equal results are equal
    texts. book: how the caller named it."""
    window, behaviour = setup.window, setup.behaviour
    told: dict[str, Any] = {
        "book": book,
        "loans": result.tallies[0].loans,
        "from": window.first.isoformat(),
        "to": window.last.isoformat(),
        "days": window.days,
        "seed": setup.seed,
        "currency": behaviour.currency,
        "region": setup.trials[0].place.borrower,
        "behaviour": _model(behaviour),
        "strategies": {
            name: _strategy(trial, tally)
            for name, trial, tally in zip("AB", setup.trials, result.tallies, strict=False)
        },
    }
    if len(setup.trials) == 2:
        told["difference"] = _difference(result)
    return told


def _model(behaviour: Behaviour) -> dict[str, Any]:
    numbers = list(behaviour.numbers())
    return {"name": behaviour.name, "numbers": len(numbers), "assumed": behaviour.assumed}


def _strategy(trial: Trial, tally: Tally) -> dict[str, Any]:
    totals = {metric: tally.totals[metric] for metric in METRICS}
    return {
        "strategy": trial.strategy.name,
        "decisions": tally.decisions,
        "cases": sum(count for (was, _), count in tally.flow.items() if not was),
        "fell_behind_minor": totals["fell_behind"],
        "paid_minor": totals["paid"],
        "paid_share": round(totals["paid"] / totals["fell_behind"], 4) if totals["fell_behind"] else None,
        "unpaid_at_end_minor": totals["unpaid_at_end"],
        "cured": totals["cured"],
        "handovers": totals["handovers"],
        "contacts": _pairs(tally.contacts, "channel", "outcome"),
        "contacts_total": totals["contacts"],
        "refusals": [
            {"code": code, "rule": rule, "pack": pack, "source": source, "count": count}
            for (code, rule, pack, source), count in sorted(tally.refusals.items())
        ],
        "refused_total": totals["refused"],
        "breaches_avoided": tally.breaches_avoided,
        "stage_flow": _pairs(tally.flow, "from", "to"),
        "closed": _sorted(tally.closed),
        "open_at_end": _sorted(tally.open_at_end),
        "buckets_at_end": {b.name: tally.buckets_at_end[b.name] for b in trial.strategy.buckets.buckets},
        "promises": _sorted(tally.promises),
        "holds": _sorted(tally.holds),
        "tasks": _pairs(tally.tasks, "task", "outcome"),
        "paid_by_month_minor": _sorted(tally.paid_by_month),
        "agent_hours": round(totals["work_seconds"] / 3600, 2),
        "agent_hours_by_task": {k: round(v / 3600, 2) for k, v in sorted(tally.work_seconds.items())},
        "cost_minor": round(totals["cost_milli"] / MILLI, 1),
        "cost_by_item_minor": {k: round(v / MILLI, 1) for k, v in sorted(tally.cost_milli.items())},
    }


_SHOWN = {
    "fell_behind": ("fell_behind_minor", 1),
    "paid": ("paid_minor", 1),
    "unpaid_at_end": ("unpaid_at_end_minor", 1),
    "work_seconds": ("agent_hours", 3600),
    "cost_milli": ("cost_minor", MILLI),
}
"""Name and unit in which a metric is told, where it is not counted in its own."""


def _difference(result: Result) -> dict[str, Any]:
    rows = []
    for found in differences(result.paired):
        name, unit = _SHOWN.get(found.metric, (found.metric, 1))
        values = {
            part: None if (value := getattr(found, part)) is None else round(value / unit, 2)
            for part in ("total", "low", "high")
        }
        rows.append({"metric": name, **values, "clear": found.clear})
    return {"of": "B - A", "confidence": CONFIDENCE, "paired_by": "loan", "metrics": rows}


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _pairs(counts: Counter[tuple[str, str]], first: str, second: str) -> list[dict[str, Any]]:
    return [{first: one, second: other, "count": count} for (one, other), count in sorted(counts.items())]
