"""The result as one page of HTML that needs nothing from elsewhere: to be mailed, printed and archived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from recourse.domain.money import Money
from recourse.simulation.charts import COLOURS, bars, columns, intervals

_STYLE = """
body { font: 15px/1.45 system-ui, "Noto Sans CJK SC", sans-serif; color: #222; background: #fff;
  max-width: 880px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h2 small, .quiet { color: #666; font-weight: normal; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .25rem .5rem; text-align: left; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr + tr td { border-top: 1px solid #e4e4e4; }
.side { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
.note { background: #f6f3ea; padding: .7rem 1rem; margin: 1rem 0; }
"""
_METRICS = {
    "fell_behind_minor": "fell behind · 新增与期初逾期",
    "paid_minor": "arrears paid · 回款",
    "unpaid_at_end_minor": "arrears left · 未还",
    "cured": "cases cured · 结清案件",
    "contacts": "contacts · 联系次数",
    "refused": "refused by the gate · 被拒",
    "handovers": "handed over to legal · 移交法务",
    "agent_hours": "agent hours · 人工小时",
    "cost_minor": "cost · 成本",
}


def page(told: dict[str, Any]) -> str:
    """told: as `recourse.simulation.report` makes it."""
    sides: dict[str, dict[str, Any]] = told["strategies"]
    parts = [_head(told), _key_figures(told)]
    if "difference" in told:
        parts.append(_difference(told))
    parts += [
        _section("Arrears paid by month", "每月回款", _by_month(told)),
        _section(
            "Contacts by channel and outcome",
            "联系：渠道与结果",
            _groups(sides, "contacts", "channel", "outcome"),
        ),
        _section("Refused by the gate, by rule", "被规则拒绝的联系", _refusals(sides)),
        _section("Stage flow", "阶段流转", _groups(sides, "stage_flow", "from", "to")),
        _section(
            "Cost by item", "成本构成", _amounts(sides, "cost_by_item_minor", lambda v: _money(told, v))
        ),
        _section("Agent hours by task", "人工小时", _amounts(sides, "agent_hours_by_task", _number)),
    ]
    title = f"Strategy simulation · {' / '.join(side['strategy'] for side in sides.values())}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _head(told: dict[str, Any]) -> str:
    model = told["behaviour"]
    named = "".join(
        f'<div><span class="side" style="background:{colour}"></span><b>{name}</b> '
        f"{escape(side['strategy'])}</div>"
        for colour, (name, side) in zip(COLOURS, told["strategies"].items(), strict=False)
    )
    facts = (
        f"{told['loans']:,} loans · {told['from']} – {told['to']} ({told['days']} days) · "
        f"book {told['book']} · law of {told['region']} · seed {told['seed']}"
    )
    note = (
        f"Borrowers are invented ({model['name']}): {model['assumed']} of its {model['numbers']} numbers are "
        "assumed. Read differences between strategies, not amounts. "
        "借款人为模拟，请比较策略之间的差异，而非金额本身。"
    )
    return (
        f"<h1>Strategy simulation · 策略模拟</h1><p class='quiet'>{escape(facts)}</p>{named}"
        f'<p class="note">{escape(note)}</p>'
    )


def _section(english: str, chinese: str, inside: str) -> str:
    return f"<h2>{escape(english)} <small>{escape(chinese)}</small></h2>\n{inside}"


def _key_figures(told: dict[str, Any]) -> str:
    def promises(side: dict[str, Any]) -> str:
        return " / ".join(f"{side['promises'].get(state, 0):,}" for state in ("made", "kept", "broken"))

    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("cases opened · 立案", lambda s: f"{s['cases']:,}"),
        ("cases cured · 结清案件", lambda s: f"{s['cured']:,}"),
        ("fell behind · 新增与期初逾期", lambda s: _money(told, s["fell_behind_minor"])),
        ("arrears paid · 回款", lambda s: _money(told, s["paid_minor"])),
        ("share paid · 回款率", lambda s: "—" if s["paid_share"] is None else f"{s['paid_share']:.1%}"),
        ("arrears left · 未还", lambda s: _money(told, s["unpaid_at_end_minor"])),
        ("contacts · 联系次数", lambda s: f"{s['contacts_total']:,}"),
        ("refused by the gate · 被拒", lambda s: f"{s['refused_total']:,}"),
        ("breaches avoided · 避免的违规", lambda s: f"{s['breaches_avoided']:,}"),
        ("promises made / kept / broken · 承诺：作出／履行／违背", promises),
        ("handed over to legal · 移交法务", lambda s: f"{s['handovers']:,}"),
        ("agent hours · 人工小时", lambda s: _number(s["agent_hours"])),
        ("cost · 成本", lambda s: _money(told, s["cost_minor"])),
    ]
    sides = told["strategies"]
    body = [[name, *(cell(side) for side in sides.values())] for name, cell in rows]
    return _section("Figures", "指标", _table(["", *sides], body))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        first, *rest = cells
        others = "".join(f'<{tag} class="number">{escape(cell)}</{tag}>' for cell in rest)
        return f"<tr><{tag}>{escape(first)}</{tag}>{others}</tr>"

    return f"<table>{row(heads, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _difference(told: dict[str, Any]) -> str:
    difference = told["difference"]
    percent = f"{difference['confidence']:.0%}"
    rows, plotted = [], []
    for found in difference["metrics"]:
        label = _METRICS.get(found["metric"], found["metric"])

        def shown(value: float, metric: str = found["metric"]) -> str:
            return _money(told, value) if metric.endswith("_minor") else _number(value)

        if found["low"] is None:
            rows.append([label, shown(found["total"]), "too few loans"])
            continue
        rows.append([label, shown(found["total"]), f"{shown(found['low'])} … {shown(found['high'])}"])
        clear = "clear of 0" if found["clear"] else "may be 0"
        plotted.append((label, found["low"], found["total"], found["high"], clear))
    chart = intervals(plotted) if plotted else ""
    table = _table(["", "B − A", f"{percent} interval · 置信区间"], rows)
    return _section("Difference, paired by loan", "差异（同一借款人配对）", chart + table)


def _by_month(told: dict[str, Any]) -> str:
    sides = [side["paid_by_month_minor"] for side in told["strategies"].values()]
    months = sorted({month for side in sides for month in side})
    values = [[side.get(month, 0) for month in months] for side in sides]
    return columns(months, values, lambda minor: _money(told, minor))


def _groups(sides: dict[str, Any], part: str, first: str, second: str) -> str:
    counts = [{(row[first], row[second]): row["count"] for row in side[part]} for side in sides.values()]
    keys = sorted({key for of in counts for key in of})
    join = " → " if part == "stage_flow" else " · "
    rows = [(f"{key[0] or 'opened'}{join}{key[1]}", [of.get(key, 0) for of in counts]) for key in keys]
    return bars(rows, _number)


def _refusals(sides: dict[str, Any]) -> str:
    counts = [
        {(r["code"], r["rule"], r["source"]): r["count"] for r in side["refusals"]} for side in sides.values()
    ]
    keys = sorted(
        {key for of in counts for key in of}, key=lambda k: (-max(of.get(k, 0) for of in counts), k)
    )
    if not keys:
        return "<p class='quiet'>nothing was refused · 无</p>"
    chart = bars(
        [(f"{code} · {rule}", [of.get((code, rule, s), 0) for of in counts]) for code, rule, s in keys],
        _number,
    )
    sources = "".join(
        f"<tr><td>{escape(rule)}</td><td class='quiet'>{escape(source)}</td></tr>" for _, rule, source in keys
    )
    return f"{chart}<table>{sources}</table>"


def _amounts(sides: dict[str, Any], part: str, show: Any) -> str:
    keys = sorted({key for side in sides.values() for key in side[part]})
    return bars([(key, [side[part].get(key, 0) for side in sides.values()]) for key in keys], show)


def _money(told: dict[str, Any], minor: float) -> str:
    return str(Money(round(minor), told["currency"]))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"
