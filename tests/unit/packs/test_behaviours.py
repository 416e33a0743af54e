"""Behaviour files are read strictly: every number has a source; what cannot be is refused with its field."""

from __future__ import annotations

from importlib.resources import files

import pytest

from recourse.packs.behaviours import installed_behaviours, load_behaviour
from recourse.packs.strict import PackError

TEXT = (files("recourse.packs") / "behaviour" / "cn_auto.yaml").read_text(encoding="utf-8")
ASSUMED = "source: assumed}"


def test_every_number_of_an_installed_file_has_a_source() -> None:
    for behaviour in installed_behaviours().values():
        numbers = list(behaviour.numbers())
        assert len(numbers) == len({where for where, _, _ in numbers})
        assert all(source for _, _, source in numbers)
        assert 0 < behaviour.assumed <= len(numbers)


def test_as_many_numbers_are_counted_as_stand_in_the_file() -> None:
    told = installed_behaviours()["CN"]
    assert len(list(told.numbers())) == TEXT.count("value:")
    assert told.assumed == TEXT.count(ASSUMED)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title:", "titel:", "titel: no such field"),
        ("{of: dispute, value: 20, source: assumed}", "{of: dispute, value: 20}", "source"),
        ("{of: dispute, value: 20, source: assumed}", "{of: dispute, value: 20, source: ''}", "source"),
        ("{of: dispute,", "{of: quarrel,", "lifted_after.quarrel"),
        ("{value: 0.62, source", "{value: 0.52, source", "shares add up to 0.9"),
        ("tracker_fresh: {value: 0.8", "tracker_fresh: {value: 8", "tracker_fresh: a probability"),
        ("tracker_fresh: {value: 0.8", "tracker_fresh: {value: -1", "tracker_fresh: must be 0 or more"),
        ("lender_zone: Asia/Shanghai", "lender_zone: Asia/Atlantis", "time zone"),
        ("{of: promise, value: 0.7,", "{of: shouts, value: 0.7,", "says.shouts: no answer"),
        ("{of: promise, value: 0.7,", "{of: wrong_number, value: 0.7,", "follows from moving"),
        ("{of: promise, value: 0.7,", "{of: promise, value: 0.9,", "add up to more than 1"),
        ("{of: sms, value: 5,", "{of: fax, value: 5,", "costs.fax"),
        ("  - {of: sms, value: 5, source: assumed}\n", "", "costs: sms missing"),
        ("{of: other,", "{of: another,", "minutes: other missing"),
        ("promise_days: {value: 10", "promise_days: {value: 0", "delays.promise_days"),
        ("left_low: {value: 6,", "left_low: {value: 61,", "book.left_low"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(PackError, match="test: ") as refused:
        load_behaviour("test", TEXT.replace(old, new, 1))
    assert says in str(refused.value)
