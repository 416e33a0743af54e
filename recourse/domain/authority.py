"""Who may decide alone how far an agreement goes, as data; beyond it a second person decides.

Values come from `recourse/packs/authority/`. What no limit allows, nobody may agree on.
"""

from __future__ import annotations

from dataclasses import dataclass

from recourse.domain.agreements import AgreementKind, Measure


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most of one currency, in minor units."""

    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Limit:
    """Up to where a role decides alone on a kind of agreement; None for no limit of that measure.

    amounts: by currency; empty for no limit by amount. A currency that is missing may not be decided on.
    """

    kind: AgreementKind
    role: str
    amounts: tuple[Ceiling, ...] = ()
    percent: int | None = None
    days: int | None = None
    installments: int | None = None

    def beyond(self, asked: Measure, currency: str) -> tuple[str, ...]:
        """The measures in which the terms go beyond the limit."""
        over = []
        if self.amounts and asked.amount_minor > max(
            (c.minor for c in self.amounts if c.currency == currency), default=-1
        ):
            over.append("amount")
        for name in ("percent", "days", "installments"):
            most = getattr(self, name)
            if most is not None and getattr(asked, name) > most:
                over.append(name)
        return tuple(over)


@dataclass(frozen=True, slots=True)
class Authority:
    """Every limit of a house at one version. period_days: how long what a loan was given counts with what is
    asked for next, as a sliding window of so many times 24 hours; None for ever."""

    id: str = "none"
    version: str = "0"
    limits: tuple[Limit, ...] = ()
    period_days: int | None = None

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def beyond(self, kind: AgreementKind, role: str, asked: Measure, currency: str) -> tuple[str, ...] | None:
        """In which measures the terms go beyond what the role may decide alone: empty for in none, None for a
        role that has no authority over the kind."""
        own = [limit for limit in self.limits if limit.kind is kind and limit.role == role]
        if not own:
            return None
        return min((limit.beyond(asked, currency) for limit in own), key=len)

    def covers(self, kind: AgreementKind, role: str, asked: Measure, currency: str) -> bool:
        return self.beyond(kind, role, asked, currency) == ()

    def roles_for(self, kind: AgreementKind, asked: Measure, currency: str) -> tuple[str, ...]:
        """Who could decide it alone."""
        roles = dict.fromkeys(limit.role for limit in self.limits if limit.kind is kind)
        return tuple(role for role in roles if self.covers(kind, role, asked, currency))
