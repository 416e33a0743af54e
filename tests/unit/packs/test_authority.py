"""Limits of authority: what the shipped file says, and which files are refused."""

from __future__ import annotations

from datetime import date

import pytest

from recourse.domain.agreements import (
    AgreementKind,
    Extension,
    Part,
    PaymentPlan,
    Settlement,
    Terms,
    Waived,
    Waiver,
    measure,
)
from recourse.packs.authorities import load_authority
from recourse.packs.loader import load_packs
from recourse.packs.strict import PackError

HOUSE = load_packs().authority
TODAY = date(2026, 11, 6)


def plan(amount: int, *due: date) -> PaymentPlan:
    return PaymentPlan(tuple(Part(on, amount) for on in due))


@pytest.mark.parametrize(
    ("terms", "alone"),
    [
        (plan(1_000_000, date(2026, 12, 1), date(2027, 1, 1)), ["agent", "lead"]),
        (plan(1_000_001, date(2026, 12, 1), date(2027, 1, 1)), ["lead"]),
        (plan(1, date(2027, 2, 6)), ["agent", "lead"]),
        (plan(1, date(2027, 2, 7)), ["lead"]),
        (plan(1, date(2027, 11, 8)), []),
        (Settlement(80, date(2026, 12, 1), 20), ["lead", "legal"]),
        (Settlement(799, date(2026, 12, 1), 201), ["legal"]),
        (Settlement(499, date(2026, 12, 1), 501), []),
        (Extension(1), ["agent", "lead"]),
        (Extension(3), ["lead"]),
        (Extension(4), []),
        (Waiver(Waived.FEES, 5_000), ["agent", "lead", "legal"]),
        (Waiver(Waived.FEES, 5_001), ["lead", "legal"]),
        (Waiver(Waived.FEES, 50_001), []),
    ],
)
def test_who_may_decide_alone_in_china_of_arrears_of_a_thousand(terms: Terms, alone: list[str]) -> None:
    asked = measure(terms, 100_000, TODAY)
    assert list(HOUSE.roles_for(AgreementKind(terms.kind), asked, "CNY")) == alone


def test_a_currency_without_a_number_is_beyond_a_limit_that_has_numbers() -> None:
    asked = measure(plan(1, date(2026, 12, 1)), 100, TODAY)
    assert HOUSE.beyond(AgreementKind.PAYMENT_PLAN, "agent", asked, "JPY") == ("amount",)
    assert HOUSE.beyond(AgreementKind.PAYMENT_PLAN, "auditor", asked, "CNY") is None


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ("[{kind: waiver, role: lead}, {kind: waiver, role: lead}]", "limits.1: lead has a limit"),
        ("[{kind: waiver, role: lead, percent: -1}]", "limits.0.percent"),
        ("[{kind: gift, role: lead}]", "limits.0.kind"),
        ("[{kind: waiver, role: lead, upto: 5}]", "upto: no such field"),
        ("[]\nperiod_days: 0", "period_days"),
        (
            "[{kind: waiver, role: lead, amounts: [{currency: CNY, minor: 1}, {currency: CNY, minor: 2}]}]",
            "currency stands twice",
        ),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_by_its_field(limits: str, named: str) -> None:
    with pytest.raises(PackError, match=named):
        load_authority("a.yaml", f'id: a\nversion: "1"\nlimits: {limits}\n')
