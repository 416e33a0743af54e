"""Accepting the bank's facts: one transaction a batch, after which a payment is known and stops everything.

Facts are applied one by one in the order given, each to the account folded from *all* facts of its loan, so a
late or doubled fact changes nothing it should not. Only an overdue fact opens a case. A fact that ends the
debt closes the case here, and every case that heard something new is decided here, under the locks that are
held anyway and whether Temporal is up or not; the nudge takes the plan along, so that its run need not ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from recourse.contracts.delivery import Acceptance
from recourse.contracts.events import BankEvent
from recourse.contracts.messages import Nudge
from recourse.domain.delinquency import Installment
from recourse.domain.facts import Entry, OverdueReported, SnapshotReceived, stated
from recourse.domain.fold import Account, fold
from recourse.domain.ids import CaseId, FactId, LoanId, PersonId
from recourse.domain.law.hours import local_date
from recourse.service import master_data, telling_holds
from recourse.service.applying import place_at
from recourse.service.assigning import assigned
from recourse.service.context import Lender, Unit
from recourse.service.deciding import decide_all
from recourse.service.regretting import mark_regretted
from recourse.service.routing import to_entry
from recourse.storage import cases, facts, ledger, outbox, people, steps
from recourse.storage.cases import CaseRow
from recourse.storage.codec import account_to_json, fact_to_json
from recourse.storage.facts import NewFact, NewLoan
from recourse.storage.ledger import LoanRow
from recourse.storage.outbox import NewMessage
from recourse.storage.steps import StepRow


async def accept_facts(unit: Unit, events: Sequence[BankEvent]) -> Acceptance:
    """Write what is new, apply it, and say which cases must be told. Safe to repeat.

    An event from a source that no setting and no snapshot explains is refused, not guessed.
    """
    refused = await _refuse_strangers(unit, events)
    taken = [event for event in events if event.event_id not in refused]
    loan_ids = sorted({LoanId(event.subject) for event in taken})
    named = sorted({p for event in taken for p in master_data.people_named(event)})
    await facts.ensure_loans(unit.tx, _new_loans(unit, taken), account_to_json(Account()))
    await people.ensure_people(unit.tx, named)
    await unit.lock_loans(loan_ids, named)
    batch = await _load(unit, loan_ids)
    known = await facts.known(unit.tx, [event.event_id for event in taken])
    for event in taken:
        if event.event_id in known:
            continue
        known.add(event.event_id)
        problem = _against_loan(event, batch.loans[LoanId(event.subject)])
        if problem is not None:
            refused[event.event_id] = problem
            continue
        await _apply(unit, batch, event)
    await _write(unit, batch)
    return Acceptance(_with_kinds(await cases.undelivered_of(unit.tx, loan_ids), batch), refused)


@dataclass(slots=True)
class _Batch:
    """The loans a batch touches, as they change while it is applied."""

    loans: dict[LoanId, LoanRow]
    entries: dict[LoanId, list[Entry]]
    accounts: dict[LoanId, Account]
    open_cases: dict[LoanId, CaseRow]
    episodes: dict[LoanId, int]
    dirty: set[LoanId] = field(default_factory=set)
    named: dict[LoanId, list[Installment]] = field(default_factory=dict)
    """What the bank says was due, also where a later fact of the batch settles it."""
    new_facts: list[NewFact] = field(default_factory=list)
    snapshots: list[BankEvent] = field(default_factory=list)
    opened: list[CaseRow] = field(default_factory=list)
    """Cases that no row tells of yet."""
    ending: dict[LoanId, CaseRow] = field(default_factory=dict)
    """Cases that the last fact of their loan ends."""
    kinds: dict[str, list[str]] = field(default_factory=dict)


async def _load(unit: Unit, loan_ids: list[LoanId]) -> _Batch:
    rows = await ledger.loans(unit.tx, loan_ids)
    return _Batch(
        loans=rows,
        entries=await facts.bank_entries(unit.tx, loan_ids),
        accounts={key: row.account for key, row in rows.items()},
        open_cases=await cases.open_of(unit.tx, loan_ids),
        episodes=await cases.last_episodes(unit.tx, loan_ids),
    )


async def _refuse_strangers(unit: Unit, events: Sequence[BankEvent]) -> dict[str, str]:
    """Events about a loan we know nothing of, from a source no setting names."""
    ids = {LoanId(event.subject) for event in events}
    explained = set(await ledger.loans(unit.tx, ids))
    explained |= {LoanId(e.subject) for e in events if isinstance(to_entry(e).fact, SnapshotReceived)}
    return {
        event.event_id: "ce_source: unknown; name its lender in RECOURSE_LENDERS, or send a snapshot first"
        for event in events
        if LoanId(event.subject) not in explained and event.source not in unit.lenders
    }


def _new_loans(unit: Unit, events: Sequence[BankEvent]) -> list[NewLoan]:
    loans: dict[LoanId, NewLoan] = {}
    for event in events:
        key = LoanId(event.subject)
        lender = master_data.lender_named(event) or unit.lenders.get(event.source)
        if lender is not None and key not in loans:
            loans[key] = NewLoan(key, lender.name, lender.region, lender.currency, lender.zone)
    return list(loans.values())


def _against_loan(event: BankEvent, row: LoanRow) -> str | None:
    """Why an event can never belong to the loan as we know it."""
    named: Lender | None = master_data.lender_named(event)
    currencies = master_data.currencies_named(event) | ({named.currency} if named else set())
    if currencies - {row.currency}:
        return "currency: differs from the loan's; a loan has one currency, check the loan id"
    if master_data.proofs_ahead(event):
        return "consents: given_at or withdrawn_at lies after the event's own time; check the clocks"
    return None


async def _apply(unit: Unit, batch: _Batch, event: BankEvent) -> None:
    entry, loan_id = to_entry(event), LoanId(event.subject)
    if loan_id in batch.ending:
        await _end(unit, batch, loan_id)
    row, before = batch.loans[loan_id], batch.open_cases.get(loan_id)
    batch.entries.setdefault(loan_id, []).append(entry)
    account = fold(batch.entries[loan_id])
    batch.accounts[loan_id] = account
    batch.dirty.add(loan_id)
    batch.named.setdefault(loan_id, []).extend(stated(entry.fact))
    disposition = "applied"
    if isinstance(entry.fact, SnapshotReceived):
        disposition = _take_snapshot(batch, event, row)
    overdue = account.arrears.overdue(local_date(unit.now, row.zone))
    if before is None and isinstance(entry.fact, OverdueReported):
        if overdue and account.ended is None:
            _open_case(unit, batch, row, account)
        else:
            disposition = "nothing_overdue" if account.ended is None else "loan_ended"
    case = batch.open_cases.get(loan_id)
    if case is None and disposition == "applied" and not isinstance(entry.fact, SnapshotReceived):
        disposition = "no_open_case"
    kind, payload = fact_to_json(entry.fact)
    batch.new_facts.append(
        NewFact(
            event_id=event.event_id,
            kind=kind,
            occurred_at=entry.occurred_at,
            payload=payload,
            loan_id=loan_id,
            sequence=entry.sequence,
            disposition=disposition,
            case_id=case.id if case else None,
        )
    )
    if case is not None and (account.ended is not None or account.cured):
        batch.ending[loan_id] = case


def _take_snapshot(batch: _Batch, event: BankEvent, row: LoanRow) -> str:
    """Newest sequence wins; without sequences, the newest time."""
    sequence = event.sequence
    if row.master_sequence is not None and sequence is not None:
        newer = sequence > row.master_sequence
    else:
        newer = row.master_at is None or event.occurred_at >= row.master_at
    if not newer:
        return "superseded"
    batch.snapshots.append(event)
    batch.loans[row.id] = replace(row, master_sequence=sequence, master_at=event.occurred_at)
    return "applied"


def _open_case(unit: Unit, batch: _Batch, row: LoanRow, account: Account) -> None:
    collector = place_at(unit.lenders, row, row.region).collector
    strategy = unit.book.default_strategy(row.region, collector)
    dpd = account.arrears.dpd(local_date(unit.now, row.zone))
    bucket, episode = strategy.buckets.classify(dpd), batch.episodes.get(row.id, 0) + 1
    case = cases.opening(row.id, episode, opened_at=unit.now, strategy=strategy.name, bucket=bucket, dpd=dpd)
    batch.open_cases[row.id], batch.episodes[row.id] = case, episode
    batch.opened.append(case)


async def _write_opened(unit: Unit, batch: _Batch) -> None:
    opened = await assigned(unit, batch.opened, batch.loans, _borrowers(batch))
    batch.opened = []
    rows, messages = [], []
    for case in opened:
        reason = f"overdue, {case.dpd} days past due"
        if case.experiment is not None:
            reason += f"; {case.experiment}: {case.arm}"
        rows.append(StepRow(case.loan_id, case.id, 0, "opened", unit.now, reason, case.strategy))
        data = {name: getattr(case, name) for name in ("loan_id", "episode", "dpd", "bucket", "strategy")}
        messages.append(NewMessage(case.loan_id, "recourse.case.opened.v1", unit.now, data))
    await cases.insert_open(unit.tx, opened)
    await steps.append(unit.tx, *rows)
    await outbox.put_all(unit.tx, messages)


def _borrowers(batch: _Batch) -> dict[LoanId, PersonId]:
    """Who is named by snapshots of the batch, which are saved only at its end."""
    named = ((event.subject, master_data.snapshot(event)) for event in batch.snapshots)
    return {LoanId(loan_id): PersonId(data.borrower.id) for loan_id, data in named if data is not None}


async def _end(unit: Unit, batch: _Batch, loan_id: LoanId) -> None:
    """Close a case before the next fact of its loan, which may open the next episode. Where none follows in
    this batch, the decision at its end closes the case together with all the others."""
    case = batch.ending.pop(loan_id)
    await _write_opened(unit, batch)
    await ledger.save_accounts(unit.tx, {loan_id: batch.accounts[loan_id]}, batch.named, unit.now)
    if case.id in await decide_all(unit, [case.id]):
        del batch.open_cases[loan_id]


async def _write(unit: Unit, batch: _Batch) -> None:
    await _write_opened(unit, batch)
    ids = await facts.append(unit.tx, batch.new_facts)
    for event in batch.snapshots:
        await people.save(unit.tx, master_data.to_master_data(event))
        await ledger.add_schedule(unit.tx, master_data.schedule_rows(event))
    accounts = {key: batch.accounts[key] for key in batch.dirty}
    await ledger.save_accounts(unit.tx, accounts, batch.named, unit.now)
    due: dict[CaseId, FactId] = {}
    for fact_id, new in zip(ids, batch.new_facts, strict=True):
        if new.case_id is not None:
            due[new.case_id] = fact_id
            batch.kinds.setdefault(new.case_id, []).append(new.kind)
    await cases.raise_facts_due(unit.tx, due)
    if batch.snapshots:
        # Who is on a loan, and whose law is asked, may be others now.
        await telling_holds.follow(unit, sorted({LoanId(event.subject) for event in batch.snapshots}))
    await mark_regretted(unit, batch.loans, batch.entries, {new.event_id for new in batch.new_facts})
    await decide_all(unit, list(due))


def _with_kinds(nudges: list[Nudge], batch: _Batch) -> tuple[Nudge, ...]:
    return tuple(
        replace(nudge, kinds=tuple(sorted(set(batch.kinds.get(nudge.case_id, ()))))) for nudge in nudges
    )
