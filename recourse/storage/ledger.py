"""The loan's row and its projections: account, installments, payments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from recourse.domain.delinquency import Installment
from recourse.domain.fold import Account
from recourse.domain.ids import LoanId
from recourse.storage.codec import account_from_json, account_to_json
from recourse.storage.database import ReadTx, Tx
from recourse.storage.sql import among, among_given, rows_among
from recourse.storage.tables import installment, loan, payment
from recourse.storage.together import Part


@dataclass(frozen=True, slots=True)
class LoanRow:
    id: LoanId
    lender: str
    region: str
    currency: str
    zone: str
    master_sequence: int | None
    master_at: datetime | None
    account: Account
    price_minor: int | None = None
    """The whole price of what was sold in installments, where the bank's contract names one."""


Named = Mapping[LoanId, Iterable[Installment]]
"""Installments that facts named as unpaid, in their order."""

_COLUMNS = (
    loan.c.id,
    loan.c.lender,
    loan.c.region,
    loan.c.currency,
    loan.c.zone,
    loan.c.master_sequence,
    loan.c.master_at,
    loan.c.account,
    loan.c.contract["price_minor"].label("price_minor"),
)


def _loan(row: Any) -> LoanRow:
    return LoanRow(
        row.id,
        row.lender,
        row.region,
        row.currency,
        row.zone,
        row.master_sequence,
        row.master_at,
        account_from_json(row.account),
        row.price_minor,
    )


LOANS = Part(
    select(*_COLUMNS).where(among_given(loan.c.id, "loans")),
    lambda rows: {row.id: _loan(row) for row in rows},
)
_SAVE_ACCOUNT = (
    update(loan)
    .where(loan.c.id == bindparam("key"))
    .values(
        account=bindparam("account"),
        oldest_due=bindparam("oldest_due"),
        unpaid_minor=bindparam("unpaid_minor"),
    )
)


def _payments() -> Insert:
    new = upsert(payment)
    return new.on_conflict_do_update(
        index_elements=["loan_id", "payment_id"], set_={"reversed": new.excluded.reversed}
    )


_SAVE_PAYMENTS = _payments()


async def loans(tx: Tx | ReadTx, loan_ids: Iterable[LoanId]) -> dict[LoanId, LoanRow]:
    return await LOANS.of(tx, loans=list(loan_ids))


async def save_accounts(tx: Tx, accounts: Mapping[LoanId, Account], named: Named, at: datetime) -> None:
    """Write the folded accounts and their projections, one statement a table. at: business now."""
    if not accounts:
        return
    await tx.execute(
        _SAVE_ACCOUNT,
        [
            {
                "key": loan_id,
                "account": account_to_json(account),
                "oldest_due": account.arrears.oldest_due,
                "unpaid_minor": account.arrears.unpaid_minor,
            }
            for loan_id, account in sorted(accounts.items())
        ],
    )
    await _save_payments(tx, accounts)
    await _save_installments(tx, accounts, named, at)


async def _save_payments(tx: Tx, accounts: Mapping[LoanId, Account]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "loan_id": loan_id,
            "payment_id": p.payment_id,
            "amount_minor": p.amount_minor,
            "value_date": p.value_date,
            "occurred_at": p.occurred_at,
            "reversed": p.reversed,
        }
        for loan_id, account in accounts.items()
        for p in account.payments
    ]
    if rows:
        await tx.execute(_SAVE_PAYMENTS, rows)


async def _save_installments(tx: Tx, accounts: Mapping[LoanId, Account], named: Named, at: datetime) -> None:
    """Unpaid installments as the account has them; the others of the loan have nothing unpaid. One that fell
    due and was paid in the same batch of facts stands there too: it was late, and the dossier says so."""
    rows = [_row(loan_id, i) for loan_id, account in accounts.items() for i in account.arrears.installments]
    unpaid = [(row["loan_id"], row["number"]) for row in rows]
    passing = {(key, i.number): _row(key, i) for key in accounts for i in named.get(key, ())}
    await _add_passing(tx, [passing[key] for key in passing.keys() - set(unpaid)])
    await tx.execute(
        update(installment)
        .where(
            among(installment.c.loan_id, accounts),
            installment.c.unpaid_minor > 0,
            ~rows_among((installment.c.loan_id, installment.c.number), unpaid),
        )
        .values(unpaid_minor=0, settled_at=at)
    )
    if rows:
        await upsert_installments(tx, rows)


async def _add_passing(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """As unpaid for a moment. One that was settled before keeps its day: its statement only came late."""
    if rows:
        c, statement = installment.c, upsert(installment)
        await tx.execute(
            statement.on_conflict_do_update(
                index_elements=["loan_id", "number"],
                set_={name: statement.excluded[name] for name in ("due_date", "due_minor", "unpaid_minor")},
                where=(c.unpaid_minor == 0) & c.settled_at.is_(None),
            ),
            rows,
        )


def _row(loan_id: LoanId, i: Installment) -> dict[str, Any]:
    return {
        "loan_id": loan_id,
        "number": i.number,
        "due_date": i.due_date,
        "due_minor": i.due_minor,
        "unpaid_minor": i.unpaid_minor,
    }


def _installments() -> Insert:
    new = upsert(installment)
    return new.on_conflict_do_update(
        index_elements=["loan_id", "number"],
        # Unpaid again after a reversal: the day it had been settled on is no longer true.
        set_={name: new.excluded[name] for name in ("due_date", "due_minor", "unpaid_minor")}
        | {"settled_at": None},
    )


_SAVE_INSTALLMENTS = _installments()


async def upsert_installments(tx: Tx, rows: list[dict[str, Any]]) -> None:
    await tx.execute(_SAVE_INSTALLMENTS, rows)


async def add_schedule(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Installments of the contract that no arrears statement has named yet."""
    if rows:
        await tx.execute(upsert(installment).on_conflict_do_nothing(), rows)
