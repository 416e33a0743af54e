"""What is held about one person, for him when he asks (GDPR 15, 个人信息保护法 45)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select

from recourse.domain.ids import LoanId, PersonId
from recourse.storage import consents, facts, people, points, vault
from recourse.storage.database import ReadTx
from recourse.storage.dossier_people import contacts, vehicle_of
from recourse.storage.dossier_rows import plain, rows
from recourse.storage.retention_facts import loans_naming
from recourse.storage.sql import among
from recourse.storage.tables import (
    agreement,
    assignment,
    contact_attempt,
    contact_point,
    data_key,
    dispute,
    document,
    dossier_read,
    hold,
    legal_action,
    loan,
    loan_party,
    party,
    payment,
    person_contact_point,
    promise,
    restriction,
)

FORMAT: Final = "recourse-person/1"


async def exported(tx: ReadTx, person_id: PersonId) -> dict[str, Any]:
    """Raises LookupError for somebody nobody has heard of."""
    if not await people.is_known(tx, person_id):
        raise LookupError(f"person {person_id}: there is none of this id")
    loan_ids = (await loans_naming(tx, [person_id]))[person_id]
    borrowed = set(await people.borrowed_by(tx, person_id))
    mine = contact_attempt.c.person_id == person_id
    letters = select(*[c for c in document.c if not c.name.startswith("content")]).join(
        contact_attempt, contact_attempt.c.id == document.c.attempt_id
    )
    return {
        "format": FORMAT,
        "person_id": person_id,
        "who": await _who(tx, person_id),
        "contact_points": await _points(tx, person_id),
        "loans": [await _loan(tx, person_id, one, one in borrowed) for one in loan_ids],
        "contacts": await contacts(tx, select(contact_attempt).where(mine)),
        "letters": await rows(tx, letters.where(mine).order_by(document.c.at, document.c.id)),
        "restrictions": await rows(
            tx, select(restriction).where(restriction.c.person_id == person_id).order_by(restriction.c.since)
        ),
        "holds": await rows(tx, select(hold).where(hold.c.person_id == person_id).order_by(hold.c.since)),
        "requests_to_stop": [plain(row) for row in await facts.ceases_of(tx, [person_id])],
        "experiments": await rows(
            tx,
            select(assignment)
            .where(assignment.c.unit_kind == "person", assignment.c.unit_id == person_id)
            .order_by(assignment.c.experiment),
        ),
        "key": await rows(
            tx,
            select(data_key.c.recorded_at, data_key.c.destroyed_at).where(
                data_key.c.subject == vault.person(person_id)
            ),
        ),
    }


async def _who(tx: ReadTx, person_id: PersonId) -> dict[str, Any]:
    c = party.c
    shown = ("language", "region", "zones", "ceased", "as_of", "name", "details")
    [found] = await rows(
        tx, select(*[c[name] for name in shown], c.name_sealed, c.details_sealed).where(c.id == person_id)
    )
    keys = await vault.keys_of(tx, [vault.person(person_id)])
    name = keys.open_text(people.place_of(person_id, "name"), found.pop("name_sealed", None))
    details = keys.open_json(people.place_of(person_id, "details"), found.pop("details_sealed", None))
    return found | {k: v for k, v in (("name", name), ("details", details)) if v is not None}


async def _points(tx: ReadTx, person_id: PersonId) -> list[dict[str, Any]]:
    c = person_contact_point.c
    names = ("consent", "usable", "unusable_code", "listed", "whereabouts", "value_sealed")
    found = await rows(
        tx,
        select(contact_point.c.id, contact_point.c.kind, contact_point.c.value, *[c[n] for n in names])
        .join(contact_point, contact_point.c.id == c.contact_point_id)
        .where(c.person_id == person_id)
        .order_by(contact_point.c.id),
    )
    keys = await vault.keys_of(tx, [vault.person(person_id)])
    given = [row.values() for row in await consents.of_people(tx, [person_id])]
    for point in found:
        place = points.place_of(person_id, point["id"])
        value = keys.open_text(place, point.pop("value_sealed", None))
        if value is not None:
            point["value"] = value
        point["consents"] = [plain(one) for one in given if one["contact_point_id"] == point["id"]]
    return found


async def _loan(tx: ReadTx, person_id: PersonId, loan_id: LoanId, borrower: bool) -> dict[str, Any]:
    """Of a loan on which he is no borrower: that he is on it, and as what."""
    c = loan_party.c
    role = select(c.role).where(c.loan_id == loan_id, c.person_id == person_id)
    known: dict[str, Any] = {"id": loan_id, "role": (await tx.execute(role)).scalar_one_or_none() or "former"}
    if not borrower:
        return known
    about = ("lender", "region", "currency", "contract", "oldest_due", "unpaid_minor")
    [own] = await rows(tx, select(*[loan.c[name] for name in about]).where(loan.c.id == loan_id))
    parts = {
        "payments": select(payment).where(payment.c.loan_id == loan_id).order_by(payment.c.occurred_at),
        "promises": select(promise).where(promise.c.loan_id == loan_id).order_by(promise.c.made_at),
        "agreements": select(agreement)
        .where(agreement.c.loan_id == loan_id)
        .order_by(agreement.c.proposed_at),
        "disputes": select(dispute).where(dispute.c.loan_id == loan_id).order_by(dispute.c.opened_at),
        "holds": select(hold).where(hold.c.loan_id == loan_id).order_by(hold.c.since),
        "legal_actions": select(*[c for c in legal_action.c if not c.name.startswith("document")]).where(
            among(legal_action.c.loan_id, [loan_id])
        ),
        "dossier_read_by": select(dossier_read).where(dossier_read.c.loan_id == loan_id),
    }
    tables = {name: await rows(tx, statement) for name, statement in parts.items()}
    return known | own | {"vehicle": await vehicle_of(tx, loan_id)} | tables


TITLES: Final = {
    "person_id": ("编号", "Id"),
    "who": ("您是谁", "Who you are"),
    "contact_points": ("如何联系您", "How you are reached"),
    "loans": ("贷款与车辆", "Loans and vehicles"),
    "contacts": ("我们与您的联系及其内容", "What was said to you, and by you"),
    "letters": ("信函", "Letters"),
    "restrictions": ("您告诉我们的不便时间与地点、代理人", "What you told us of times, places and attorneys"),
    "holds": ("暂停", "What is on hold, and why"),
    "requests_to_stop": ("您要求停止的联系", "What you asked us to stop"),
    "experiments": ("策略试验分组", "Which strategy was tried with you"),
    "key": ("您的数据密钥", "The key that your data is sealed with"),
}
"""In Chinese and English."""


def readable(document: Mapping[str, Any], language: str) -> str:
    """As a text. language: zh or en."""
    zh = language == "zh"
    head = "我们持有的关于您的信息" if zh else "What we hold about you"
    lines = [head, ""]
    for name, titles in TITLES.items():
        lines += [titles[0] if zh else titles[1], *_lines(document[name], "  ", zh), ""]
    return "\n".join(lines)


def _lines(value: Any, indent: str, zh: bool) -> Iterable[str]:
    nothing = "（无）" if zh else "(nothing)"
    match value:
        case dict():
            for name, inner in value.items():
                if isinstance(inner, dict) or (isinstance(inner, list) and _nested(inner)):
                    yield f"{indent}{name}:"
                    yield from _lines(inner, f"{indent}  ", zh)
                elif inner not in (None, "", []):
                    shown = ", ".join(map(str, inner)) if isinstance(inner, list) else str(inner)
                    yield f"{indent}{name}: {shown}"
        case list() if value:
            for number, inner in enumerate(value, 1):
                yield f"{indent}{number}."
                yield from _lines(inner, f"{indent}  ", zh)
        case list():
            yield f"{indent}{nothing}"
        case _:
            yield f"{indent}{value}"


def _nested(values: list[Any]) -> bool:
    return any(isinstance(one, dict) for one in values)
