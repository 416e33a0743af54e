"""What can never be lawful at a place the ladder is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from recourse.domain.law.hours import CLOSING_LEAD, rules_for
from recourse.domain.law.rules import Cap, ContentRule, Counts, Disclosure, LawPack, NoticeRule, Per
from recourse.domain.situation import Channel
from recourse.domain.strategy.ladder import Step, StepKind, Strategy
from recourse.domain.strategy.lint.days import NO_END, Ladder
from recourse.domain.strategy.lint.finding import Code, Finding, House, Level, unlawful

Packs = tuple[LawPack, ...]


def findings(strategy: Strategy, packs: Packs, house: House) -> Iterator[Finding]:
    ladder = Ladder(strategy)
    for step in strategy.steps:
        if step.channel is not None:
            yield from _party(step, packs)
            yield from _hours(step, step.channel, packs)
            yield from _conversation(step, packs)
            yield from _contents(step, step.channel, packs, house)
    for pack in packs:
        for cap in pack.caps:
            if cap.counts is Counts.ATTEMPT and not cap.elsewhere:  # where a task calls is not known
                yield from _cap(ladder, pack, cap)


def _party(step: Step, packs: Packs) -> Iterator[Finding]:
    """Every step speaks of the debt."""
    for pack in packs:
        if not pack.parties:
            continue
        rule = next((r for r in pack.parties if step.party in r.roles), None)
        if rule is None:
            yield unlawful(
                Code.PARTY_NOT_PERMITTED,
                step.id,
                f"a {step.party} may not be contacted",
                "address the borrower, or take the step out",
                (pack, pack.parties[0]),
            )
        elif Disclosure.DEBT not in rule.may_be_told:
            yield unlawful(
                Code.MAY_NOT_BE_TOLD,
                step.id,
                f"a {step.party} may not be told of the debt, and every step is about it",
                "address the borrower, or take the step out",
                (pack, rule),
            )


def _hours(step: Step, channel: Channel, packs: Packs) -> Iterator[Finding]:
    """At one place; two places too far apart are the case's own misfortune."""
    rules = [(pack, rule) for pack in packs for rule in rules_for([pack], channel, step.party)]
    if not rules:
        return
    opens = max(rules, key=lambda pair: pair[1].opens)
    closes = min(rules, key=lambda pair: pair[1].closes)
    day = date(2000, 1, 1)
    last = datetime.combine(day, closes[1].closes) - CLOSING_LEAD
    if datetime.combine(day, opens[1].opens) >= last:
        yield unlawful(
            Code.NO_PERMITTED_HOUR,
            step.id,
            f"{channel} is permitted from {opens[1].opens:%H:%M} by {opens[1].code} and until "
            f"{closes[1].closes:%H:%M} by {closes[1].code}: never",
            "use another channel",
            closes,
        )


def _conversation(step: Step, packs: Packs) -> Iterator[Finding]:
    """Somebody who asks to be called back has been spoken to."""
    if step.channel is not Channel.CALL or step.tries < 2 or step.until is None:
        return
    for pack in packs:
        for wait in pack.conversation_waits:
            if wait.asked_days is not None:
                continue  # a call that was asked for need not wait
            if wait.scope.covers_party(step.party) and step.day + wait.days > step.until:
                yield unlawful(
                    Code.CONVERSATION_WAIT,
                    step.id,
                    f"no call for {wait.days} days after a conversation: one asked for on day "
                    f"{step.day} cannot be made by day {step.until}",
                    f"let it last until day {step.day + wait.days} or later, or try once",
                    (pack, wait),
                )


def _contents(step: Step, channel: Channel, packs: Packs, house: House) -> Iterator[Finding]:
    if step.template is None:
        return
    texts = house.passages(step.template, channel.value)
    for pack in packs:
        wanted: list[ContentRule | NoticeRule] = [r for r in pack.contents if channel in r.channels]
        wanted += [rule for rule in pack.notices if rule.template == step.template]
        for rule in wanted:
            for language, has in sorted(texts.items()):
                missing = [name for name in rule.contains if name not in has]
                if missing:
                    yield unlawful(
                        Code.PASSAGE_MISSING,
                        step.id,
                        f"{step.template}/{language}.{channel}.txt lacks {', '.join(missing)}",
                        "print it in the text, in no branch; its variable is named in docs/strategy.md",
                        (pack, rule),
                    )


def _cap(ladder: Ladder, pack: LawPack, cap: Cap) -> Iterator[Finding]:
    """Make every try as early as the ladder wants and the cap allows; one that comes after its step's last
    day can never be made. What stands in for another step is not counted beside it."""
    made: list[tuple[int, Step]] = []
    for number, step, wanted, last in sorted(_tries(ladder, cap), key=lambda t: (t[2], t[1].day, t[0])):
        before = [day for day, other in made if other is step]
        day = max([wanted, *(d + step.every_days for d in before)])
        while sum(1 for d, other in made if _counts(cap, d, other, day, step, ladder)) >= cap.limit:
            day += 1
        if day <= last:
            made.append((day, step))
            continue
        alone = sum(1 for d in before if last - d < _window(cap)) >= cap.limit
        days = f"{_window(cap)} days" if cap.window_days else "a day"
        yield unlawful(
            Code.CAP_TOO_SMALL,
            step.id,
            f"try {number + 1} cannot be made by day {last}: with at most {cap.limit} in {days} by "
            f"{', '.join(sorted(cap.channels))} it would come on day {day}",
            f"let it last until day {day} or later, or try less often",
            (pack, cap),
            Level.ERROR if alone else Level.WARNING,
        )


def _tries(ladder: Ladder, cap: Cap) -> Iterator[tuple[int, Step, int, int]]:
    """(number, step, the day it is wanted, the last day it can be made)."""
    for step in ladder.strategy.steps:
        contacts = step.kind in {StepKind.REMIND, StepKind.TASK} and step.channel in cap.channels
        if not contacts or step.fallback_for is not None or not cap.scope.covers_party(step.party):
            continue
        day, end = ladder.earliest(step), step.until
        if end is None:
            end = NO_END if step.every_days else day
        for number in range(step.tries):
            if day + number * step.every_days <= end:
                yield number, step, day + number * step.every_days, end


def _counts(cap: Cap, made: int, other: Step, day: int, step: Step, ladder: Ladder) -> bool:
    """Whether an attempt of that day takes a slot that this step needs today."""
    same = other.party is step.party and ladder.meet(step, other)
    if cap.per is Per.CONTACT_POINT:
        same = same and other.channel is step.channel
    return same and day - made < _window(cap)


def _window(cap: Cap) -> int:
    return cap.window_days or 1
