"""Turning what a gateway says into what Temporal should do."""

from __future__ import annotations

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from recourse.ports import NotHandedOver


def try_later(error: NotHandedOver) -> ApplicationError:
    """It certainly never left: retry, after the provider's own wish where it named one.

    Benign: a provider that is down is no failure of ours and must not page anyone by itself.
    """
    return ApplicationError(
        error.reason,
        type="NotHandedOver",
        next_retry_delay=error.retry_after,
        category=ApplicationErrorCategory.BENIGN,
    )


def ask_again(what: str) -> ApplicationError:
    """The answer was lost, and asking again under the same key is safe and tells."""
    return ApplicationError(what, type="OutcomeUnknown", category=ApplicationErrorCategory.BENIGN)
