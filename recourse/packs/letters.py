"""Letters: a template's text for the channel `letter`, and the sheet around it, as one JSON document.

A text is made of blocks with an empty line between them: `| label | value` is a line of a table, `- ` of a
list, `! ` begins a passage in a frame, anything else is a paragraph. Before them stand `Subject:` and, where
the lender is not the one who writes or the borrower not the one written to, `From: counsel`, `To: counsel`.
Blocks are told apart before their values are filled in, so no value can become one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import rfc8785
from jinja2 import Template

from recourse.domain.legal.terms import SaleTerms
from recourse.domain.letter import LetterError, is_unseen
from recourse.packs.render import ENVIRONMENT, TEMPLATES, language_of, printed
from recourse.packs.statements import sales, statements

FORMAT: Final = "recourse.letter.v1"
Value = str | int | date | SaleTerms


@dataclass(frozen=True, slots=True)
class _Text:
    """sender, recipient: whose name and address the sheet bears, as the prefix of their variables."""

    subject: Template
    sender: str
    recipient: str
    blocks: tuple[tuple[str, tuple[Template, ...]], ...]
    needs: frozenset[str]
    version: str


def letter_kinds() -> tuple[str, ...]:
    """Every template that can be a letter, by name."""
    folders = sorted(TEMPLATES.iterdir(), key=lambda folder: folder.name)
    return tuple(folder.name for folder in folders if (folder / "en.letter.txt").is_file())


def write(
    template: str, tag: str, values: Mapping[str, Value], *, contact: str, draft: bool = False
) -> bytes:
    """The letter as canonical JSON (RFC 8785): all that is printed, in order. Equal values give equal bytes.

    tag: the recipient's language (BCP 47). values: by variable; `on` is the date of the letter, `address` the
    recipient's. contact: the id of the contact it belongs to. Raises LetterError, LookupError for a template
    that has no letter.
    """
    language = language_of(template, "letter", tag)
    text = _text(template, language)
    told = {name: _shown(value, language) for name, value in values.items()}
    told |= {name: one.in_(language) for name, one in statements().items()}
    frame = {text.sender, f"{text.sender}_address", text.recipient, _address(text.recipient), "on"}
    for name in sorted(text.needs | frame):
        if not told.get(name, ""):
            raise LetterError(name, "missing, and the letter has to say it", _REMEDIES.get(name, _BANK))
    for name, value in told.items():
        _refuse_unseen(name, value)
    letter: dict[str, Any] = {
        "format": FORMAT,
        "kind": template,
        "version": text.version,
        "language": language,
        "contact": contact,
        "on": str(values["on"]),
        "date": told["on"],
        "from": _party(told, text.sender, f"{text.sender}_address")
        | {"phone": told.get("phone", "") if text.sender == "lender" else ""},
        "to": _party(told, text.recipient, _address(text.recipient)),
        "reference": told["pay_reference"],
        "subject": text.subject.render(told),
        "blocks": [_filled(kind, parts, told) for kind, parts in text.blocks],
        "draft": draft,
    }
    number = hashlib.sha256(rfc8785.dumps(letter)).hexdigest()[:20]
    return rfc8785.dumps(letter | {"id": f"doc-{number}"})


def plain_text(letter: Mapping[str, Any]) -> str:
    """What the letter says, as lines: for whoever reads the dossier without the sheet."""
    lines = []
    for block in letter["blocks"]:
        rows = block["rows"] if block["is"] == "facts" else [[text] for text in block["texts"]]
        lines.append("\n".join(": ".join(row) for row in rows))
    return "\n\n".join(lines)


def _filled(kind: str, parts: tuple[Template, ...], told: Mapping[str, str]) -> dict[str, Any]:
    texts = [part.render(told).strip() for part in parts]
    if kind != "facts":
        return {"is": kind, "texts": texts}
    return {"is": kind, "rows": [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]}


def _party(told: Mapping[str, str], name: str, address: str) -> dict[str, Any]:
    lines = [line.strip() for line in told[address].splitlines()]
    return {"name": told[name], "lines": [line for line in lines if line]}


def _address(recipient: str) -> str:
    return "address" if recipient == "name" else f"{recipient}_address"


def _shown(value: Value, language: str) -> str:
    if isinstance(value, SaleTerms):
        said = sales()[value.kind.value].in_(language)
        at = f"{value.at:%H:%M}" if value.at is not None else ""
        return said.format(day=_shown(value.day, language), at=at, place=value.place)
    if not isinstance(value, date):
        return str(value)
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    if language == "de":
        return f"{value:%d.%m.%Y}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _refuse_unseen(name: str, value: str) -> None:
    for sign in value:
        if is_unseen(sign) and not (sign == "\n" and name.endswith("address")):
            what = f"holds U+{ord(sign):04X}, which no reader can see"
            raise LetterError(name, what, "have it mended where it is kept")


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_LENDER = "give it in RECOURSE_LENDERS, in the field {} of the lender"
_BANK = "it comes with the bank's snapshot of the loan"
_PLANNED = "it comes with the move sale_planned (`recourse legal move`); a preview takes it by --set"
_PAYOFF = (
    "the bank tells it with the arrears (`payoff`), good through the day of the letter; or the plan of a "
    "sale does (owed_minor), while no money came since; a preview takes it by --set"
)
_REMEDIES = {
    "lender_address": _LENDER.format("address"),
    "phone": _LENDER.format("phone"),
    "counsel": _LENDER.format("counsel"),
    "counsel_address": _LENDER.format("counsel_address"),
    "payoff": _PAYOFF,
    "payoff_until": _PAYOFF,
    "sale": _PLANNED,
    "dossier": "hand the file over first, or give it by --set",
}


@lru_cache(maxsize=256)
def _text(template: str, language: str) -> _Text:
    file = TEMPLATES / template / f"{language}.letter.txt"
    if not file.is_file():
        raise LookupError(f"template {template}/{language}.letter.txt: there is none; add it to the pack")
    whole = file.read_text(encoding="utf-8")
    head: dict[str, str] = {}
    body = whole
    while (line := body.partition("\n"))[0].split(":")[0] in _HEAD:
        name, _, value = line[0].partition(":")
        head[name], body = value.strip(), line[2]
    blocks = tuple(_block(part) for part in body.strip().split("\n\n"))
    return _Text(
        subject=ENVIRONMENT.from_string(head["Subject"]),
        sender=head.get("From", "lender"),
        recipient=head.get("To", "name"),
        blocks=blocks,
        needs=frozenset(printed(whole)) - statements().keys() | {"pay_reference"},
        version=hashlib.sha256(whole.encode()).hexdigest()[:12],
    )


_HEAD = ("Subject", "From", "To")
_MARKS = {"| ": "facts", "- ": "list", "! ": "frame"}


def _block(part: str) -> tuple[str, tuple[Template, ...]]:
    """Raises ValueError for a block whose lines are not of one kind."""
    lines = part.split("\n")
    kind = _MARKS.get(lines[0][:2], "text")
    if kind == "text":
        return kind, (ENVIRONMENT.from_string(part),)
    if any(_MARKS.get(line[:2]) != kind for line in lines):
        raise ValueError(f"letter: a block begins as {kind} and goes on otherwise; begin each line alike")
    texts = [line[2:] for line in lines]
    if kind == "facts":
        texts = [cell for text in texts for cell in text.split(" | ", 1)]
    return kind, tuple(ENVIRONMENT.from_string(text) for text in texts)
