"""The dossier for a terminal: six panels, Chinese and English heads."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from recourse.cli.common import listing
from recourse.cli.limitation import told
from recourse.cli.screen import Listing, one_line
from recourse.domain.money import Money

TITLES = {
    "borrower": "1 借款人 · Borrower",
    "vehicle": "2 车辆 · Vehicle",
    "loan": "3 贷款 · Loan",
    "repayment": "4 还款与逾期 · Repayment and overdue",
    "contacts": "5 催收记录 · Contacts",
    "legal": "6 法律行动 · Legal",
}


def render(document: dict[str, Any]) -> Group:
    parts: dict[str, RenderableType] = {
        "borrower": _borrower(document["borrower"]),
        "vehicle": _pairs(document["vehicle"].get("details", {}))
        + f"\npositions read: {len(document['vehicle']['positions'])}",
        "loan": _pairs(
            {k: v for k, v in document["loan"].items() if k != "contract"}
            | (document["loan"].get("contract") or {})
        ),
        "repayment": _repayment(document["repayment"]),
        "contacts": _contacts(document["contacts"]),
        "legal": _legal(document["legal"]),
    }
    return Group(*(Panel(parts[name], title=title, title_align="left") for name, title in TITLES.items()))


def _pairs(values: dict[str, Any]) -> str:
    return "\n".join(
        one_line(f"{name}: {value}") for name, value in values.items() if value not in (None, "", [])
    )


def _borrower(part: dict[str, Any]) -> RenderableType:
    if part["master_data"] == "missing":
        return "master data missing: the bank has sent no snapshot yet, contacts wait"
    table = Listing("role", "name", "language", "zones", "reached by (consent)", box=None)
    for person in part["people"]:
        points = [
            one_line(f"{p['kind']} {p['value']} ({', '.join(p['consent']) or 'none'})")
            for p in person["contact_points"]
        ]
        points += [_consent(p, one) for p in person["contact_points"] for one in p.get("consents", ())]
        if person["ceased"]:
            points.append(f"ceased: {', '.join(person['ceased'])}")
        table.add_row(
            person["role"],
            person.get("name", ""),
            person["language"],
            ", ".join(person["zones"]),
            Text("\n".join(points)),
        )
    return table


def _consent(point: dict[str, Any], consent: dict[str, Any]) -> str:
    """One with its proof; what stands behind a point is what the bank lists without one."""
    parts = []
    if "given_at" in consent:
        parts.append(f"given {consent['given_at'][:10]} ({consent['way']} {consent['source']})")
    if "withdrawn_at" in consent:
        parts.append(f"ended {consent['withdrawn_at'][:10]} ({consent.get('withdrawn_way', 'not said how')})")
    return one_line(f"  {consent['channel']} on {point['value']}: {', '.join(parts)}")


def _repayment(part: dict[str, Any]) -> RenderableType:
    currency = part["currency"]
    table = Listing("no.", "due", "amount", "unpaid", box=None)
    for item in part["installments"]:
        table.add_row(
            str(item["number"]),
            item["due_date"],
            str(Money(item["due_minor"], currency)),
            str(Money(item["unpaid_minor"], currency)),
        )
    paid = "\n".join(
        f"{p['value_date']}  {Money(p['amount_minor'], currency)}{'  reversed' if p['reversed'] else ''}"
        for p in part["payments"]
    )
    head = f"overdue {Money(part['unpaid_minor'], currency)} · {part['times_overdue']} times overdue"
    return Group(head, table, f"payments:\n{paid or 'none'}")


def _contacts(part: dict[str, Any]) -> RenderableType:
    table = listing("at (UTC)", "what", "step", "outcome", "why allowed or not", whole=("at (UTC)", "step"))
    for row in part["steps"]:
        why = row["reason"] + (f" · {row['source']}" if row.get("source") else "")
        what = row.get("outcome", row.get("code", ""))
        table.add_row(row["at"][:16].replace("T", " "), row["event"], row.get("step_id", ""), what, why)
    agreed = "\n".join(one_line(line) for line in _agreed(part))
    texts = [_text_of(attempt) for attempt in part["attempts"] if attempt["inbound"] and "content" in attempt]
    parts: list[RenderableType] = [table]
    if agreed:
        parts.append(agreed)
    if texts:
        parts += ["texts that came in:", *texts]
    return Group(*parts)


def _agreed(part: dict[str, Any]) -> list[str]:
    agreements = [f"{a['kind']} {a['id']}: {a['state']}" for a in part.get("agreements", ())]
    holds = [_hold(h) for h in part.get("holds", ())]
    return (
        agreements
        + holds
        + [f"dispute {d['id']}: {d['kind']} {d['reason']}, {_answered(d)}" for d in part.get("disputes", ())]
    )


def _answered(dispute: dict[str, Any]) -> str:
    by = f", to be answered by {dispute['answer_by']}" if "answer_by" in dispute else ""
    return str(dispute.get("answer", f"open{by}"))


def _hold(hold: dict[str, Any]) -> str:
    ended = (
        f"lifted {hold['lifted_at'][:16]}"
        if "lifted_at" in hold
        else f"until {hold.get('until', 'lifted')[:16]}"
    )
    wish = f", asked by {hold['asked_by']}" if "asked_by" in hold else ""
    more = f", also stops {', '.join(hold['stops'])}" if hold["stops"] else ""
    return f"hold {hold['id']}: {hold['reason']}, {ended}{wish}, source {hold['source']}{more}"


def _text_of(attempt: dict[str, Any]) -> Text:
    """Anybody may have sent it: nothing in it is markup, and no sign of it steers the terminal."""
    words = "".join(sign if sign.isprintable() else " " for sign in attempt["content"])
    return Text(f"{attempt['at'][:16].replace('T', ' ')}  {words}")


def _legal(part: dict[str, Any]) -> RenderableType:
    lines = [
        f"{a['at'][:16]}  {a['state']}  {a.get('reference', '—')}  sha256 {a['document_sha256'][:16]}…"
        for a in part["actions"]
    ]
    lines += [f"{s['at'][:16]}  {s['status']}" for s in part["statuses"]]
    lines += [_move(m) for m in part.get("moves", ())]
    lines += [_deadline(d) for d in part.get("deadlines", ())]
    if "totals" in part:
        sums = part["totals"]
        money = {
            name: Money(sums[f"{name}_minor"], sums["currency"]) for name in ("costs", "recovered", "net")
        }
        lines.append(" · ".join(f"{name} {amount}" for name, amount in money.items()))
    lines = lines or ["nothing yet"]
    return "\n".join(map(one_line, [*lines, *told(part.get("limitation", ()))]))


def _move(move: dict[str, Any]) -> str:
    papers = ", ".join(f"{kind} {key}" for kind, key in sorted(move["documents"].items()))
    although = f", although {move['known']['refused']}" if "despite" in move["known"] else ""
    rule = f"{move['procedure']} {move['source']} ({move['mark']})"
    with_ = f" with {papers}" if papers else ""
    return f"{move['on']}  {move['code']}: {move['track']} {move['state']}{with_}{although} · {rule}"


def _deadline(deadline: dict[str, Any]) -> str:
    ended = f"ended {deadline['met_on']}" if "met_on" in deadline else "runs or was missed"
    return f"deadline {deadline['code']} until {deadline['ends_on']}, {ended} · {deadline['source']}"
