"""Request bodies about money agreements and disputes. Amounts in minor units of the loan's currency."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from recourse.domain import agreements as domain
from recourse.domain.disputes import DisputeAnswer, DisputeKind, DisputeReason
from recourse.web.shapes import Body, Key

Minor = Annotated[int, Field(strict=True, gt=0, le=10**13)]
Many = Annotated[int, Field(strict=True, ge=1, le=domain.MOST_PARTS)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x3f\x41-\x7e]+$")]
"""Neither spaces nor @: it stays on record, so it is no name and no address."""


class PartBody(Body):
    due_on: date
    amount_minor: Minor


class PlanBody(Body):
    kind: Literal["payment_plan"]
    parts: Annotated[list[PartBody], Field(min_length=1, max_length=domain.MOST_PARTS)]

    def to_domain(self) -> domain.Terms:
        return domain.PaymentPlan(tuple(domain.Part(p.due_on, p.amount_minor) for p in self.parts))


class SettlementBody(Body):
    kind: Literal["settlement"]
    pay_minor: Minor
    pay_by: date
    waived_minor: Minor

    def to_domain(self) -> domain.Terms:
        return domain.Settlement(self.pay_minor, self.pay_by, self.waived_minor)


class ExtensionBody(Body):
    kind: Literal["extension"]
    installments: Many

    def to_domain(self) -> domain.Terms:
        return domain.Extension(self.installments)


class RestructureBody(Body):
    kind: Literal["restructure"]
    installments: Many
    amount_minor: Minor
    first_due_on: date

    def to_domain(self) -> domain.Terms:
        return domain.Restructure(self.installments, self.amount_minor, self.first_due_on)


class WaiverBody(Body):
    kind: Literal["waiver"]
    of: domain.Waived
    amount_minor: Minor

    def to_domain(self) -> domain.Terms:
        return domain.Waiver(self.of, self.amount_minor)


TermsBody = Annotated[
    PlanBody | SettlementBody | ExtensionBody | RestructureBody | WaiverBody, Field(discriminator="kind")
]


class ProposalBody(Body):
    request_id: Key
    terms: TermsBody


class RulingBody(Body):
    request_id: Key


class EndBody(RulingBody):
    """code: why; it stays on record."""

    code: Code


class DisputeBody(RulingBody):
    """kind: what is asked of us, which sets the days of the answer. about: the id of what is disputed, or the
    number of a decision. evidence: the id of the letter, recording or file."""

    loan_id: Key
    reason: DisputeReason
    kind: DisputeKind = DisputeKind.DEBT
    about: Code | None = None
    evidence: Code | None = None


class AcknowledgementBody(RulingBody):
    """evidence: the id of the letter that says it came in."""

    evidence: Code


class AnswerBody(RulingBody):
    answer: DisputeAnswer
    evidence: Code
