"""Recipients are read strictly, and what they name is there to be withheld."""

from __future__ import annotations

import pytest

from recourse.contracts.events.models import Person, Vehicle
from recourse.domain.redaction import Segment, path_of
from recourse.packs.recipients import load_recipient, recipients
from recourse.packs.strict import PackError
from recourse.storage.seals import SEALED
from recourse.storage.tables import vehicle

GOOD = "id: x\ntitle: {zh: 试, en: test}\nsource: a rule\nmark: primary\n"
PARTS = {
    "borrower.people": {"name", "details", "contact_points"},
    "borrower.people.details": set(Person.model_fields),
    "borrower.people.details.addresses": {"text"},
    "borrower.people.contact_points": {"value"},
    "vehicle": {"details", "positions", *(column.name for column in vehicle.c)},
    "vehicle.details": set(Vehicle.model_fields),
    "contacts": {"disputes", "attempts", "steps", "tasks", "promises", "agreements"},
    "legal": {
        "moves",
        "deadlines",
        "statuses",
        "amounts",
        "totals",
        "accelerations",
        "limitation",
        "proofs",
    },
    "contacts.attempts": {"content", "subject"},
    "borrower": {"people"},
}


def _plain(path: tuple[Segment, ...]) -> list[str]:
    return [segment.name for segment in path]


@pytest.mark.parametrize("key", sorted(recipients()))
def test_every_place_and_column_is_one_that_there_is(key: str) -> None:
    """A misspelt one would withhold nothing, without a word."""
    recipient = recipients()[key]
    for rule in recipient.withhold:
        *above, last = _plain(path_of(rule.path))
        assert last in PARTS[".".join(above)], rule.path
    for column in recipient.columns:
        kind, _, name = column.partition(".")
        assert name in SEALED[kind].c, column


def test_a_court_gets_the_whole_record() -> None:
    assert recipients()["court"].withhold == ()
    assert recipients()["court"].columns == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (GOOD.replace("zh: 试, ", ""), "title.zh"),
        (GOOD + "withhold: [{path: 'a[', why: w}]\n", "withhold.0.path"),
        (GOOD + "withhold: [{path: a, why: w, keep: most}]\n", "withhold.0.keep"),
        (GOOD + "witholds: []\n", "witholds"),
        (GOOD.replace("source: a rule\n", ""), "source"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(text: str, names: str) -> None:
    with pytest.raises(PackError, match=names.replace(".", r"\.")):
        load_recipient("x.yaml", text)
