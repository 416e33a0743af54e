"""The borrower's copy: what was recorded about him, why, what a machine decided, who saw it, and his rights.

Made of the dossier as he may see it, in plain words; what it says of each thing names the number under which
the record has it, so that he can ask about it and a person can look it up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from recourse.domain.money import Money
from recourse.domain.situation import StepOutcome
from recourse.packs.plain import Plain
from recourse.reading.bundle import Entry, entry, rows, section
from recourse.reading.dossier_reads import ReadLine

_REFUSALS: Final = frozenset({"reservation_refused", "permit_refused", "location_refused"})
_CONTRACT: Final = ("number", "product", "signed_on", "annual_rate", "term_months")
_HEADS: Final = {
    "kept": ("关于您的资料", "What we keep about you"),
    "loan": ("您的贷款与欠款", "Your loan and what is overdue"),
    "contacts": ("我们与您的每次联系", "Every contact with you, and why"),
    "decisions": ("系统自动作出的决定", "What the system decided by itself"),
    "disputes": ("您提出的争议与投诉", "What you disputed, and our answers"),
    "seen": ("谁查看过您的记录", "Who has seen your record"),
    "rights": ("您的权利", "Your rights"),
}
_SAY: Final = {
    "loan_id": ("贷款", "Loan"),
    "day": ("日期", "Date"),
    "when": ("时间", "when"),
    "how": ("方式", "how"),
    "outcome": ("结果", "outcome"),
    "why": ("原因", "why"),
    "rule": ("依据", "rule"),
    "allowed": ("允许依据的规则版本", "allowed under the rules"),
    "number": ("记录编号", "number in the record"),
    "who": ("人员编号", "person, by number"),
    "purpose": ("目的", "purpose"),
    "precision": ("精度", "how precisely"),
    "broken": ("越权查看的理由", "it was not for this person; read all the same because"),
    "until": ("最早可再次联系", "open again from"),
    "amount": ("逾期金额", "overdue"),
    "since": ("最早到期日", "due since"),
    "payments": ("已收款", "payments received"),
    "about": ("所涉记录", "about"),
    "told_by": ("最迟书面确认日期", "we write that it came in by"),
    "told": ("已书面确认", "written to you"),
    "answer_by": ("最迟答复日期", "we answer by"),
    "answer": ("答复", "our answer"),
    "answered": ("答复时间", "answered"),
}


def laid_out_copy(
    document: Mapping[str, Any],
    readings: Sequence[ReadLine],
    words: Plain,
    *,
    language: str,
    on: date,
    contact: str,
    answers: Mapping[str, date],
) -> dict[str, Any]:
    """As `bundle.typ` prints it. document: redacted for the borrower. contact: where the lender is asked;
    empty where no setting says it. answers: kind of a dispute -> by when it is answered that comes in today.
    """
    copy = _Copy(document, words, language)
    lender, loan = document["loan"]["lender"], document["loan_id"]
    parts = {
        "kept": copy.kept(),
        "loan": copy.loan(),
        "contacts": copy.contacts(),
        "decisions": copy.decisions(),
        "disputes": copy.disputes(),
        "seen": copy.seen(readings),
        "rights": [_text(words.say("rights", "text", language).format(contact=contact or lender, **answers))],
    }
    title = "您的催收记录副本" if copy.zh else "Your copy of the collection record"
    return {
        "language": language,
        "title": title,
        "loan": loan,
        "lender": lender,
        "day": [on.year, on.month, on.day],
        "facts": [
            [copy.label("loan_id"), loan],
            [copy.label("day"), str(on)],
        ],
        "parts": [
            section(f"{n}  {copy.pick(_HEADS[key])}", found)
            for n, (key, found) in enumerate(parts.items(), 1)
        ],
        "files": [],
    }


class _Copy:
    def __init__(self, document: Mapping[str, Any], words: Plain, language: str) -> None:
        self._document, self._words, self._language = document, words, language
        self.zh = language == "zh"
        self._zone = ZoneInfo(document["loan"]["zone"])

    def pick(self, pair: tuple[str, str]) -> str:
        zh, en = pair
        return zh if self.zh else en

    def label(self, key: str) -> str:
        return self.pick(_SAY[key])

    def say(self, kind: str, code: str) -> str:
        return self._words.say(kind, code, self._language)

    def at(self, instant: str) -> str:
        """At the lender's place."""
        return f"{datetime.fromisoformat(instant).astimezone(self._zone):%Y-%m-%d %H:%M}"

    def kept(self) -> Iterable[Entry]:
        for person in rows(self._document["borrower"]["people"]):
            yield entry(self.say("field", str(person.get("role", ""))), self._person(person))
        vehicle = self._document["vehicle"]
        told = dict(vehicle.get("details") or {}) | {"gps_consent_on": vehicle.get("gps_consent_on")}
        yield entry(self.say("field", "vehicle"), self._fields(told))
        yield entry(self.say("field", "positions"), {self.say("field", "count"): len(vehicle["positions"])})
        for read in rows(vehicle["positions"]):
            yield entry(self.at(read["read_at"]), self._reading(read))

    def _reading(self, read: Mapping[str, Any]) -> dict[str, Any]:
        """Who looked where the vehicle is, for what, and how precisely; where it was stands in no record."""
        return {
            self.label("who"): read.get("actor", ""),
            self.label("purpose"): self.say("purpose", read["purpose"]),
            self.label("precision"): self.say("precision", read.get("precision", "")),
            self.label("number"): read["id"],
        }

    def _person(self, person: Mapping[str, Any]) -> dict[str, Any]:
        details = person.get("details")
        told = self._fields({"name": person.get("name"), "language": person["language"], "id": person["id"]})
        if isinstance(details, Mapping):
            told |= self._fields({key: details.get(key) for key in ("national_id", "employer")})
            for n, address in enumerate(rows(details.get("addresses")), 1):
                told[f"{self.say('field', 'address')} {n}"] = address.get("text", "")
        for n, point in enumerate(rows(person["contact_points"]), 1):
            agreed = ", ".join(self.say("channel", name) for name in point.get("consent", ()))
            said = f"{point.get('value', '—')} ({self.say('field', 'agreed')}: {agreed or '—'})"
            told[f"{self.say('field', point['kind'])} {n}"] = said
        ceased = ", ".join(self.say("channel", name) for name in person.get("ceased", ()))
        return told | self._fields({"ceased": ceased})

    def _fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self.say("field", name): value for name, value in values.items() if value not in (None, "")}

    def loan(self) -> Iterable[Entry]:
        owed, contract = self._document["repayment"], self._document["loan"].get("contract") or {}
        yield entry("", self._fields({key: contract.get(key) for key in _CONTRACT}))
        yield entry(
            "",
            {
                self.label("amount"): str(Money(owed["unpaid_minor"], owed["currency"])),
                self.label("since"): owed["oldest_due"],
                self.label("payments"): str(len(owed["payments"])),
            },
        )

    def contacts(self) -> Iterable[Entry]:
        steps = rows(self._document["contacts"]["steps"])
        claimed = {step.get("code"): step for step in steps if step["event"] in ("claimed", "reserved")}
        for one in rows(self._document["contacts"]["attempts"]):
            gate = claimed.get(one["id"], {})
            told = {
                self.label("how"): self.say("channel", one["channel"]),
                self.label("outcome"): self.say("outcome", one["state"]),
                self.label("why"): self._purpose(one),
                self.label("allowed"): gate.get("packs", ""),
                self.label("number"): one["id"],
            }
            yield entry(self.at(one["at"]), told) | {"text": one.get("content", "")}

    def decisions(self) -> Iterable[Entry]:
        for step in rows(self._document["contacts"]["steps"]):
            kind = _decided(step)
            if kind is None:
                continue
            told = {
                self.label("why"): self._why(kind, step),
                self.label("rule"): step.get("source", ""),
                self.label("until"): self.at(step["opens_at"]) if "opens_at" in step else "",
                self.label("number"): str(step["id"]),
            }
            yield entry(f"{self.at(step['at'])}  {self.say('decision', kind)}", told)

    def disputes(self) -> Iterable[Entry]:
        for one in rows(self._document["contacts"]["disputes"]):
            told = {
                self.label("about"): one.get("about", ""),
                self.label("told_by"): one.get("told_by", ""),
                self.label("told"): self.at(one["told_at"]) if "told_at" in one else "",
                self.label("answer_by"): one.get("answer_by", ""),
                self.label("rule"): one.get("rule_source", ""),
                self.label("answer"): self.say("answer", one["answer"]) if "answer" in one else "—",
                self.label("answered"): self.at(one["answered_at"]) if "answered_at" in one else "",
                self.label("number"): one["id"],
            }
            yield entry(f"{self.at(one['opened_at'])}  {self.say('dispute', one['kind'])}", told)

    def _why(self, kind: str, step: Mapping[str, Any]) -> str:
        code = step.get("code", "")
        match kind:
            case "refused":
                return self.say("refusal", code)
            case "stage":
                return self.say("stage", code)
            case "closed":
                return self.say("closed", code)
            case "task":
                return self.say("task", code)
            case _:
                return ""

    def _purpose(self, attempt: Mapping[str, Any]) -> str:
        if attempt.get("inbound"):
            return self.say("decision", "inbound")
        return f"{self.say('decision', 'contact')} ({attempt.get('step_id') or attempt['actor']})"

    def seen(self, readings: Sequence[ReadLine]) -> Iterable[Entry]:
        for line in readings:
            told = {
                self.label("who"): line.actor,
                self.label("purpose"): self.say("seen", line.purpose) if line.purpose else "—",
                self.label("broken"): self.say("broken", line.justification) if line.justification else "",
            }
            yield entry(self.at(line.at.isoformat()), told)


def _decided(step: Mapping[str, Any]) -> str | None:
    """What kind of decision without a person a step is; None where a person decided, or nothing was."""
    match step["event"], step.get("outcome"):
        case "opened" | "stage" | "closed" as event, _:
            return str(event)
        case event, StepOutcome.REFUSED:
            return "refused"
        case event, _ if event in _REFUSALS:
            return "refused"
        case "outcome", StepOutcome.OPEN:
            return "task"
        case _:
            return None


def _text(text: str) -> Entry:
    return entry("", {}) | {"text": text}
