"""What a command shows in clear: by a person's own token, for a purpose of the list, on record (ADR 44).

The way is that of the API: a row that is committed first, a line for each reading, and the broken glass.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from recourse.cli.common import USAGE, fail, one_of, opaque_or_none
from recourse.cli.persons import given_token, person_of

if TYPE_CHECKING:
    from recourse.app.settings import Settings
    from recourse.domain.ids import LoanId
    from recourse.service.context import Services

Reveal = Annotated[
    str | None,
    typer.Option(
        "--reveal",
        metavar="PURPOSE",
        help="In clear, for this purpose: reach_borrower, audit … By your token.",
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        callback=opaque_or_none, help="With --reveal: the id of the file or ticket that explains it."
    ),
]
Justification = Annotated[
    str | None,
    typer.Option(
        help="With --reveal: why it must be, where the dossier is not for your role (broken glass)."
    ),
]


@dataclass(frozen=True, slots=True)
class Revealed:
    """What somebody wants in clear, and the token that says who he is."""

    token: str
    purpose: str
    reference: str | None
    justification: str | None

    async def read(self, running: Services, settings: Settings, loan: LoanId) -> Services:
        """Commits that it is read; returns what sees it. Exits with 2 where the person may not."""
        from recourse.domain.disclosure import BREAKERS, RevealPurpose
        from recourse.domain.disclosure import Justification as Why
        from recourse.service.authorising import NotAuthorised
        from recourse.service.noting import Pointless
        from recourse.service.revealing import NewReveal, Revealing

        who = await person_of(running, self.token, BREAKERS)
        across = settings.break_glass_across_lenders
        revealing = Revealing(running.for_lenders(who.lenders), who, across, via="cli")
        why = None if self.justification is None else Why(self.justification)
        new = NewReveal(loan, RevealPurpose(self.purpose), uuid.uuid4().hex, self.reference, why)
        try:
            _, seen = await revealing.read((await revealing.ask(new)).id)
        except (Pointless, NotAuthorised) as error:
            fail(str(error), USAGE)
        return seen


def revealed(purpose: str | None, reference: str | None, justification: str | None) -> Revealed | None:
    """None where it stays masked. The token is asked for before anything is reached."""
    from recourse.domain.disclosure import Justification as Why
    from recourse.domain.disclosure import RevealPurpose

    one_of("--reveal", purpose, RevealPurpose)
    one_of("--justification", justification, Why)
    if purpose is None:
        if reference is not None or justification is not None:
            fail("--reference, --justification: they explain a --reveal; name its purpose", USAGE)
        return None
    return Revealed(given_token(), purpose, reference, justification)
