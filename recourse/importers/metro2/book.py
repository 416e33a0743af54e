"""A whole file: every record accounted for, and the events of all loans in one order of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from recourse.contracts.events import BankEvent
from recourse.importers.metro2.events import Origin, bank_events
from recourse.importers.metro2.profile import DELETED, STATUSES, Standing, history
from recourse.importers.metro2.records import BaseSegment, Finding, Header, Record, Rejected, Trailer

INSTALLMENT, AUTO, MONTHLY = "I", "00", "M"
"""Fields 8, 9 and 14 of a car loan paid back monthly."""


class Ignored(StrEnum):
    """Why a readable record gives no events."""

    NEVER_OVERDUE = "never_overdue"
    """No reported month is 30 days past due or worse."""
    ARREARS_NOT_REPORTED = "arrears_not_reported"
    """Charged off, repossessed or in collection, but no month says how many days past due."""
    NOT_A_MONTHLY_AUTO_LOAN = "not_a_monthly_auto_loan"
    DELETED_BY_SENDER = "deleted_by_sender"
    """Field 17A DA or DF."""
    DUPLICATE_ACCOUNT = "duplicate_account"
    """A later record of an account number that the file has already; the first one counts."""
    NO_AMOUNT = "no_amount"
    """Neither a scheduled payment nor an original amount and term."""
    OVER_LIMIT = "over_limit"


@dataclass(slots=True)
class Accounting:
    """imported + ignored + unparseable = records, always.

    records: all but header, trailer and blank lines. rejected: why records are unparseable. notes: what was
    odd in records (or in the header and trailer) without keeping them out.
    """

    records: int = 0
    imported: int = 0
    ignored: Counter[Ignored] = field(default_factory=Counter)
    rejected: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)

    @property
    def unparseable(self) -> int:
        return len(self.rejected)


@dataclass(frozen=True, slots=True)
class Book:
    """events: by time over all loans, and by sequence within each. newest: the latest Field 24 imported."""

    events: tuple[BankEvent, ...]
    accounting: Accounting
    newest: date | None


def read_book(
    records: Iterable[Record],
    origin: Origin,
    *,
    as_of: date | None = None,
    limit: int | None = None,
    progress: Callable[[list[BaseSegment]], Iterable[BaseSegment]] = lambda accounts: accounts,
) -> Book:
    """as_of: move all dates by whole days, so that the newest imported account is stated for this day.

    limit: import that many accounts, the first of the file.
    """
    sorting = _Sorting(limit)
    for record in records:
        sorting.take(record)
    sorting.finish()
    accounting, accounts = sorting.accounting, sorting.accounts
    newest = max((account.as_of for account in accounts), default=None)
    if as_of is not None and newest is not None:
        origin = replace(origin, shift=as_of - newest)
    events: list[BankEvent] = []
    for account in progress(accounts):
        told = bank_events(account, origin)
        if told:
            accounting.imported += 1
            events.extend(told)
        else:
            accounting.ignored[Ignored.NO_AMOUNT] += 1
    events.sort(key=lambda event: (event.occurred_at, event.subject, event.sequence or 0))
    accounting.events.update(event.type for event in events)
    return Book(tuple(events), accounting, newest)


@dataclass(slots=True)
class _Sorting:
    """Which records are loans to import, and the count of all."""

    limit: int | None
    accounting: Accounting = field(default_factory=Accounting)
    accounts: list[BaseSegment] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    header: bool = False
    trailer: Trailer | None = None

    def take(self, record: Record) -> None:
        match record:
            case Header():
                self.header = True
            case Trailer():
                self.trailer = record
            case Rejected(finding=finding):
                self.accounting.records += 1
                self.accounting.rejected.append(finding)
            case BaseSegment():
                self.accounting.records += 1
                self.accounting.notes.extend(record.notes)
                reason = self._reason(record)
                self.seen.add(record.account_number)
                if reason is None:
                    self.accounts.append(record)
                else:
                    self.accounting.ignored[reason] += 1

    def _reason(self, account: BaseSegment) -> Ignored | None:
        if account.account_number in self.seen:
            return Ignored.DUPLICATE_ACCOUNT
        if account.status in DELETED:
            return Ignored.DELETED_BY_SENDER
        if (account.portfolio, account.account_type, account.frequency) != (INSTALLMENT, AUTO, MONTHLY):
            return Ignored.NOT_A_MONTHLY_AUTO_LOAN
        months = history(account.status, account.rating, account.profile, account.as_of)
        if not any(month.standing is Standing.DELINQUENT for month in months):
            return Ignored.ARREARS_NOT_REPORTED if _worse_than_current(account) else Ignored.NEVER_OVERDUE
        if self.limit is not None and len(self.accounts) >= self.limit:
            return Ignored.OVER_LIMIT
        return None

    def finish(self) -> None:
        """A file cut short still gives what it has; the note says that there may be more."""
        notes = self.accounting.notes
        if not self.header:
            notes.append(Finding(1, "Header", "missing; is the file's beginning there?"))
        if self.trailer is None:
            notes.append(Finding(0, "Trailer", "missing; was the file cut?"))
        elif self.trailer.base_records not in (None, self.accounting.records):
            reason = "its count differs from the file's records; an extract, or a file that was cut"
            notes.append(Finding(self.trailer.line, "Trailer, Total Base Records", reason))


_BAD_CODES = frozenset("GHJKL")


def _worse_than_current(account: BaseSegment) -> bool:
    standing, _ = STATUSES[account.status]
    return standing in (Standing.DEROGATORY, Standing.WRITTEN_OFF) or bool(_BAD_CODES & set(account.profile))
