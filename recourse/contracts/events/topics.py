"""Which event travels on which topic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """A bank with one topic configures one name for all three. positions: of the tracking server's feed;
    empty where there is none."""

    loans: str = "bank.loans"
    overdue: str = "bank.overdue"
    payments: str = "bank.payments"
    dead_letter_suffix: str = ".dlq"
    case_events: str = "recourse.case-events"
    positions: str = ""

    def incoming(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.loans, self.overdue, self.payments)))

    def lettered(self) -> tuple[str, ...]:
        """Those whose records may become dead letters."""
        return (*self.incoming(), self.positions) if self.positions else self.incoming()

    def dead_letters(self, topic: str) -> str:
        return topic + self.dead_letter_suffix

    def prefixed(self, prefix: str) -> Topics:
        """The same topics under a prefix, for tests that share a broker."""
        return Topics(
            prefix + self.loans,
            prefix + self.overdue,
            prefix + self.payments,
            self.dead_letter_suffix,
            prefix + self.case_events,
            prefix + self.positions if self.positions else "",
        )


def topic_for(type_: str, topics: Topics) -> str:
    """The topic of a bank event type. Raises KeyError for a type that is not the bank's."""
    return {
        "bank.loan.snapshot.v1": topics.loans,
        "bank.loan.adjusted.v1": topics.loans,
        "bank.loan.charged_off.v1": topics.loans,
        "bank.loan.closed.v1": topics.loans,
        "bank.installment.overdue.v1": topics.overdue,
        "bank.payment.received.v1": topics.payments,
        "bank.payment.reversed.v1": topics.payments,
    }[type_]
