"""Whether the notices that the law wants stand behind acceleration, recovery and legal action, on every way
that the ladder can take, fallbacks included."""

from __future__ import annotations

from collections.abc import Iterator

from recourse.domain.law.rules import LawPack, NoticeRule
from recourse.domain.strategy.course import first_day
from recourse.domain.strategy.ladder import Step, Strategy
from recourse.domain.strategy.lint.days import Ladder
from recourse.domain.strategy.lint.finding import Code, Finding, unlawful

Law = tuple[LawPack, NoticeRule]


def findings(strategy: Strategy, packs: tuple[LawPack, ...]) -> Iterator[Finding]:
    ladder = Ladder(strategy)
    for step in strategy.steps:
        for pack in packs:
            for rule in pack.notices:
                if step.begins in rule.before:
                    yield from _before(step, (pack, rule), ladder)


def _before(step: Step, law: Law, ladder: Ladder) -> Iterator[Finding]:
    rule = law[1]
    notices = [s for s in ladder.strategy.steps if s.template == rule.template]
    days = f" and {rule.wait_days} days" if rule.wait_days else ""
    if not notices:
        yield unlawful(
            Code.NOTICE_MISSING,
            step.id,
            f"begins {step.begins} without the notice {rule.template}{days}",
            f"add a step with that template, from day {rule.earliest_dpd}, and require it here",
            law,
        )
        return
    for notice in notices:
        day = first_day(ladder.strategy, notice)
        if day < rule.earliest_dpd:
            yield unlawful(
                Code.NOTICE_TOO_EARLY,
                notice.id,
                f"can come on day {day}; before day {rule.earliest_dpd} it is no notice",
                f"move it to day {rule.earliest_dpd} or later",
                law,
            )
    wait = ensured(step, rule.template, ladder)
    if wait is None:
        yield unlawful(
            Code.NOTICE_NOT_ENSURED,
            step.id,
            f"can begin {step.begins} without {rule.template}: not every way to this step gives it",
            f"require {notices[0].id}, and give what stands in for it the same template",
            law,
        )
    elif wait < rule.wait_days:
        yield unlawful(
            Code.NOTICE_TOO_SHORT,
            step.id,
            f"begins {step.begins} {wait} days after {rule.template}; the law gives {rule.wait_days}",
            f"set wait_days to {rule.wait_days} on the step that requires the notice",
            law,
        )


def ensured(step: Step, template: str, ladder: Ladder) -> int | None:
    """How many days before the step the notice has been given for certain; None where it may be missing."""
    ways = []
    for required in step.requires:
        through = [_through(other, template, ladder) for other in ladder.standing_for(required)]
        certain = [days for days in through if days is not None]
        if len(certain) == len(through):
            ways.append(min(certain))
    return max(ways) + step.wait_days if ways else None


def _through(step: Step, template: str, ladder: Ladder) -> int | None:
    return 0 if step.template == template else ensured(step, template, ladder)
