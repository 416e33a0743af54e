"""`recourse consume`, but what was delivered is marked ten times a second, so that a round's end is seen."""

from __future__ import annotations

import asyncio

from consumers.loop import ConsumerLimits
from recourse.app.consume import run_consumer
from recourse.app.logs import configure_logging
from recourse.app.settings import load_settings

MARK_EVERY = 0.1

if __name__ == "__main__":
    configure_logging()
    asyncio.run(run_consumer(load_settings(), limits=ConsumerLimits(commit_every=MARK_EVERY)))
