"""Sending a reminder: claim (gate inside) → press and keep its letter, if it has one → send → record. Each
arrow may be where we die."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from temporalio import activity

from activities.failures import try_later
from recourse.contracts.messages import StepCommand, StepResult
from recourse.contracts.patience import PROVIDER_WITHIN
from recourse.domain.ids import CaseId
from recourse.domain.letter import LetterError
from recourse.domain.situation import Channel
from recourse.ports import LetterPress, Message, Messenger, NotHandedOver, OutcomeUnknown, RefusedByProvider
from recourse.service import archiving, reminding
from recourse.service.context import Services
from recourse.service.reminding import Claimed

PRESS_WITHIN = 15.0
"""Seconds for a letter, with the time stamp on its signature. Together with what follows it must end before
Temporal begins another try beside it (`SEND` in workflows/steps.py)."""
RECORD_WITHIN = 15.0
"""Seconds a cancelled worker may still take to write down what the provider answered."""


@dataclass(frozen=True)
class RemindingActivities:
    """within: seconds for a provider's answer; after that nobody knows whether it has left. press: None where
    no letters are written."""

    services: Services
    messengers: Mapping[Channel, Messenger]
    within: float = PROVIDER_WITHIN
    press: LetterPress | None = None

    @activity.defn(name="reminder.send")
    async def send_reminder(self, command: StepCommand) -> StepResult:
        run = self.services.run
        claimed = await run(partial(reminding.claim, command=command))
        if isinstance(claimed, StepResult):
            return claimed
        try:
            message = await self._with_letter(command, claimed)
        except LetterError as error:
            failed = partial(reminding.record_unprintable, command=command, claimed=claimed, error=error)
            return await run(failed)
        except NotHandedOver as error:
            await run(partial(reminding.record_not_sent, command=command, claimed=claimed))
            raise try_later(error) from None
        try:
            async with asyncio.timeout(self.within):
                accepted = await self.messengers[claimed.channel].send(message)
        except NotHandedOver as error:
            await run(partial(reminding.record_not_sent, command=command, claimed=claimed))
            raise try_later(error) from None
        except RefusedByProvider as error:
            return await run(
                partial(reminding.record_refused, command=command, claimed=claimed, code=error.code)
            )
        except (OutcomeUnknown, TimeoutError):
            return await run(partial(reminding.record_unknown, command=command, claimed=claimed))
        # A worker that is shut down here has sent; only the record may keep it from being doubted later.
        record = run(partial(reminding.record_sent, command=command, claimed=claimed, answer=accepted))
        return await asyncio.wait_for(asyncio.shield(record), RECORD_WITHIN)

    async def _with_letter(self, command: StepCommand, claimed: Claimed) -> Message:
        """Kept before it leaves; what an earlier try has kept is sent as it is. Raises LetterError and
        NotHandedOver; nothing has left then."""
        if claimed.letter is None:
            return claimed.message
        run = self.services.run
        paper = await run(partial(archiving.kept, letter=claimed.letter))
        if paper is None:
            if self.press is None:
                raise NotHandedOver("letters: this worker has no press")
            try:
                async with asyncio.timeout(PRESS_WITHIN):
                    pdf = await self.press.press(claimed.letter)
            except TimeoutError:
                raise NotHandedOver("letters: the press, or what signs, takes too long") from None
            keep = partial(
                archiving.keep,
                letter=claimed.letter,
                pdf=pdf,
                loan_id=claimed.loan_id,
                case_id=CaseId(command.case_id),
                step_id=command.step_id,
            )
            paper = await run(keep)
        return replace(claimed.message, paper=paper)
