"""Request bodies of legal actions."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from recourse.domain.legal.amounts import EntryKind
from recourse.domain.legal.terms import SaleKind, SaleTerms
from recourse.web.shapes import Body, Clock, Code, Key


def _papers(given: object) -> object:
    """Says what is wrong and never names the kind, which somebody may have typed a name into."""
    if not isinstance(given, dict) or len(given) > 20:
        raise ValueError("kind of paper -> its id, at most 20 of them")
    for kind, key in given.items():
        if re.fullmatch(r"[a-z_]{1,40}", str(kind)) is None:
            raise ValueError("a kind of paper is 1 to 40 of the signs a to z and _")
        if not isinstance(key, str) or re.fullmatch(r"[\x21-\x7e]{1,128}", key) is None:
            raise ValueError("the id of a paper is 1 to 128 printable ASCII signs without spaces")
    return given


Documents = Annotated[dict[Code, Key], BeforeValidator(_papers)]
"""Kind of paper -> its opaque id or hash."""


class SaleBody(Body):
    """How the vehicle is to be sold. day: of a public sale; of a private one the day after which it is sold.
    at, place: of a public sale. owed_minor: the whole debt with expenses, where the bank states none."""

    kind: SaleKind
    day: date
    at: Clock | None = None
    place: str | None = None
    owed_minor: Annotated[int, Field(gt=0, le=10**15)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> SaleBody:
        self.terms()
        return self

    def terms(self) -> SaleTerms:
        """Raises ValueError."""
        return SaleTerms(self.kind, self.day, self.at, self.place, self.owed_minor)


class LegalMoveBody(Body):
    """A move of a legal action. on: the day it happened, at the lender's place. despite: the id of what
    explains a move that happened although the gate or a permit said no. sale: of a planned sale, how."""

    request_id: Key
    move: Code
    on: date
    documents: Documents = Field(default={})
    despite: Key | None = None
    sale: SaleBody | None = None


class LegalEntryBody(Body):
    """A cost of a legal action, or what it brought. amount_minor: above 0, in the loan's currency. proof: the
    id of the invoice, receipt or statement. reverses: the id of an entry that was a mistake."""

    request_id: Key
    kind: EntryKind
    amount_minor: Annotated[int, Field(gt=0, le=10**15)]
    on: date
    proof: Key
    reverses: Key | None = None


class LegalStatusBody(BaseModel):
    """What the legal desk reports. Unknown extra fields are ignored: the desk is another house. documents:
    the papers that stand behind it."""

    model_config = ConfigDict(extra="ignore")
    reference: Key
    status_id: Key
    status: Code
    occurred_at: AwareDatetime
    documents: Documents = Field(default={})
