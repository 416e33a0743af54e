"""What each process may do at the brokers, as Kafka's access lists say it: exactly this, and nothing else.

Reading includes asking about a topic or group (DESCRIBE), as does writing. Whoever may write to a topic may
have an idempotent producer; no process has a transactional id. The worker, the API, the sealer and the codec
server do not speak to Kafka.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from recourse.contracts.events import Topics


class Operation(StrEnum):
    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"


class Resource(StrEnum):
    TOPIC = "topic"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Acl:
    """process: of ours, or whoever does its work. name: of the topic or group, literally."""

    process: str
    operation: Operation
    resource: Resource
    name: str


PROCESSES: Final = {
    "consume": "recourse consume",
    "positions": "recourse positions, where the tracking server has a feed",
    "relay": "recourse relay",
    "publish": "the bank, and recourse events publish and import",
    "dlq": "recourse dlq, for whoever looks after dead letters",
    "doctor": "recourse doctor",
}
"""Each is a principal of its own. A forged payment stops collection and a forged overdue starts it, so that
nobody but the bank writes to its topics, and who retries dead letters."""


def acls(topics: Topics, group: str, positions_group: str = "recourse-positions") -> list[Acl]:
    """By process, in the order in which they are to be shown. positions_group: of the feed of positions,
    which nobody else needs to read."""
    incoming = tuple(dict.fromkeys(topics.incoming()))
    letters = tuple(topics.dead_letters(name) for name in incoming)
    lettered = tuple(dict.fromkeys(topics.lettered()))
    every_letter = tuple(topics.dead_letters(name) for name in lettered)
    return [
        *_topics("consume", Operation.READ, incoming),
        Acl("consume", Operation.READ, Resource.GROUP, group),
        *_topics("consume", Operation.WRITE, letters),
        *_positions(topics, positions_group),
        *_topics("relay", Operation.WRITE, (topics.case_events,)),
        *_topics("publish", Operation.WRITE, incoming),
        *_topics("dlq", Operation.READ, every_letter),
        *_topics("dlq", Operation.WRITE, every_letter),
        # Not to the feed of positions: its letters are kept without the place, and never sent again.
        *_topics("dlq", Operation.WRITE, incoming),
        *_topics("doctor", Operation.DESCRIBE, lettered),
        Acl("doctor", Operation.DESCRIBE, Resource.GROUP, group),
        *([Acl("doctor", Operation.DESCRIBE, Resource.GROUP, positions_group)] if topics.positions else []),
        *_topics("doctor", Operation.READ, every_letter),
    ]


def _positions(topics: Topics, group: str) -> list[Acl]:
    """None where there is no feed."""
    if not topics.positions:
        return []
    return [
        Acl("positions", Operation.READ, Resource.TOPIC, topics.positions),
        Acl("positions", Operation.READ, Resource.GROUP, group),
        Acl("positions", Operation.WRITE, Resource.TOPIC, topics.dead_letters(topics.positions)),
    ]


def _topics(process: str, operation: Operation, names: tuple[str, ...]) -> list[Acl]:
    return [Acl(process, operation, Resource.TOPIC, name) for name in names]


def commands(wanted: list[Acl], brokers: str, prefix: str) -> list[str]:
    """For Kafka's own tool. prefix: of the principals, before the process's name."""
    return [
        f"kafka-acls.sh --bootstrap-server {brokers} --command-config admin.properties --add "
        f"--allow-principal User:{prefix}{one.process} --operation {one.operation} "
        f"--{one.resource} {one.name} --resource-pattern-type literal"
        for one in wanted
    ]
