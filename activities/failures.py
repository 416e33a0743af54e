"""Turning what a gateway says into what Temporal should do."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from recourse.contracts.patience import pause_after
from recourse.ports import NotHandedOver


def try_later(error: NotHandedOver) -> ApplicationError:
    """It certainly never left: retry, after the pause that grows, or the provider's own wish where that is
    longer. A wish never shortens the pause: the same few seconds for ever would be hundreds of claims.

    Benign: a provider that is down is no failure of ours and must not page anyone by itself.
    """
    return ApplicationError(
        error.reason,
        type="NotHandedOver",
        next_retry_delay=_pause(error),
        category=ApplicationErrorCategory.BENIGN,
    )


def _pause(error: NotHandedOver) -> timedelta | None:
    """None leaves it to the retry policy, whose pause is the same one that grows."""
    if error.retry_after is None:
        return None
    attempt = activity.info().attempt if activity.in_activity() else 1
    return max(error.retry_after, pause_after(attempt))


def ask_again(what: str) -> ApplicationError:
    """The answer was lost, and asking again under the same key is safe and tells."""
    return ApplicationError(what, type="OutcomeUnknown", category=ApplicationErrorCategory.BENIGN)
