"""The court bundle of a loan as it is laid out: title, parts with their entries, and what is attached.

It shows the dossier and adds nothing to it: names of fields are those of the record, so that each line is
found again in the attached `dossier.json` and in the rows that the evidence ledger has sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from recourse.domain.redaction import Recipient

Entry = dict[str, Any]
TITLES: Final = {
    "borrower": ("借款人", "The borrower and everybody else on the loan"),
    "vehicle": ("车辆", "The vehicle"),
    "loan": ("贷款", "The loan"),
    "repayment": ("还款与逾期", "Instalments and payments"),
    "contacts": ("催收记录", "Contacts"),
    "legal": ("法律行动", "Legal actions and proofs"),
}
"""The six parts of the dossier, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Attached:
    """about: one line on what it is, for whoever opens the list of attachments."""

    name: str
    type: str
    about: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def laid_out(
    document: Mapping[str, Any],
    files: Sequence[Attached],
    *,
    language: str,
    on: date,
    checkpoint: str | None,
    recipient: Recipient,
    withheld: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """document: as `dossier_document` gives it and the recipient may see it. language: zh or en. checkpoint:
    the newest signed one, None where nothing is sealed. withheld: places of the document, and what is said
    there instead."""
    zh = language == "zh"
    parts = [
        section(f"{number}  {title[0] if zh else title[1]}", _entries(name, document[name], document))
        for number, (name, title) in enumerate(TITLES.items(), 1)
    ]
    letters = [entry(one.pop("id"), one) for one in rows(document["contacts"]["letters"])]
    parts.append(section("7  信函" if zh else "7  Letters", letters))
    parts.append(_integrity(files, zh, checkpoint))
    if withheld or recipient.columns:
        parts.append(_withheld(recipient, withheld, zh))
    lender, loan = document["loan"]["lender"], document["loan_id"]
    return {
        "language": language,
        "title": "车贷催收卷宗" if zh else "Collection bundle",
        "loan": loan,
        "lender": lender,
        "day": [on.year, on.month, on.day],
        "facts": [
            ["贷款" if zh else "Loan", loan],
            ["出借人" if zh else "Lender", lender],
            ["日期" if zh else "Date", on.isoformat()],
            ["提供给" if zh else "Made for", recipient.title[language]],
        ],
        "parts": parts,
        "files": [{"name": one.name, "type": one.type, "about": one.about} for one in files],
    }


def _entries(name: str, part: Mapping[str, Any], document: Mapping[str, Any]) -> Iterable[Entry]:
    if name == "contacts":
        yield from _contacts(part)
    single = {key: value for key, value in part.items() if not _is_rows(value)}
    if name != "contacts" and single:
        yield entry("", single)
    for key, value in part.items():
        if not _is_rows(value) or (name, key) in {("contacts", "attempts"), ("contacts", "letters")}:
            continue
        for number, row in enumerate(value, 1):
            if isinstance(row, Mapping):
                yield entry(f"{key} {number}", row)


def _contacts(part: Mapping[str, Any]) -> Iterable[Entry]:
    """Each with what was said, the rule it was allowed by, and what is known of its arrival."""
    claimed = {step.get("code"): step for step in rows(part["steps"]) if step["event"] == "claimed"}
    for attempt in rows(part["attempts"]):
        row = {key: value for key, value in attempt.items() if key not in {"content", "receipts"}}
        gate = claimed.get(attempt["id"])
        if gate is not None:
            row |= {"allowed": gate["reason"], "packs": gate.get("packs", ""), "rules": gate["rules_digest"]}
        for number, receipt in enumerate(attempt["receipts"], 1):
            row[f"receipt {number}"] = f"{receipt['state']} {receipt['at']} ({receipt['provider_ref']})"
        yield entry(f"{attempt['at']}  {attempt['channel']}", row) | {"text": attempt.get("content", "")}


def _integrity(files: Sequence[Attached], zh: bool, checkpoint: str | None) -> dict[str, Any]:
    """How the record is kept is said by the sheet itself (`bundle.typ`)."""
    entries = [entry(one.name, {"sha256": one.sha256, "about": one.about}) for one in files]
    part = section("8  系统完整性说明" if zh else "8  How this record is kept", entries)
    return part | {"integrity": "sealed" if checkpoint is not None else "unsealed"}


def _withheld(recipient: Recipient, places: Sequence[tuple[str, str]], zh: bool) -> dict[str, Any]:
    """What is left out is named, so that nobody takes the bundle for the whole record."""
    title = "9  未提供的内容" if zh else "9  What is withheld"
    entries = [entry("", {"source": recipient.source, "mark": recipient.mark}), entry("", dict(places))]
    sealed = {
        "evidence.json": "这些列只有承诺值 " if zh else "commitments only, the proofs stay whole: ",
    }
    entries.append(entry("", {name: said + ", ".join(recipient.columns) for name, said in sealed.items()}))
    return section(title, entries)


def rows(value: Any) -> list[dict[str, Any]]:
    """Copies of those that are shown; none where the whole list is withheld."""
    return [dict(one) for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def section(title: str, entries: Iterable[Entry]) -> dict[str, Any]:
    return {"title": title, "integrity": "", "entries": list(entries)}


def entry(title: str, row: Mapping[str, Any]) -> Entry:
    return {"title": title, "rows": list(pairs(row)), "text": ""}


def pairs(row: Mapping[str, Any], above: str = "") -> Iterable[list[str]]:
    """Nested values under the names of what holds them; what is empty is left out, as in the dossier."""
    for name, value in row.items():
        place = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from pairs(value, f"{place}.")
        elif _is_rows(value):
            for number, inner in enumerate(value, 1):
                yield from pairs(inner, f"{place} {number}.") if isinstance(inner, Mapping) else ()
        elif value not in (None, "", []):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield [place, shown]


def _is_rows(value: Any) -> bool:
    """Some of them may be withheld: then they are named in a part of their own."""
    return isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
