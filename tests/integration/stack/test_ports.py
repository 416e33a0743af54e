"""Two stacks that start at once never choose the same port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from recourse.stack import StackError
from recourse.stack.ports import PREFERRED, choose

ANOTHER = """
from recourse.stack.ports import choose
print(choose(["traccar"], preferred=True)["traccar"], flush=True)
input()
"""


@contextmanager
def another() -> Iterator[int]:
    """The port that another process has chosen, at which nobody listens yet."""
    arguments = [sys.executable, "-c", ANOTHER]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


def test_a_port_that_another_process_chose_is_taken_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with another() as theirs:
        assert choose(["traccar"], preferred=True)["traccar"] != theirs
        monkeypatch.setenv("RECOURSE_STACK_PORT_SMTP", str(theirs))
        with pytest.raises(StackError, match="RECOURSE_STACK_PORT_SMTP"):
            choose(["smtp"], preferred=True)
    assert choose(["smtp"], preferred=True) == {"smtp": theirs}


def test_one_process_is_never_given_a_port_twice() -> None:
    names = sorted(PREFERRED)
    given = [port for _ in range(3) for port in choose(names, preferred=False).values()]
    assert len(set(given)) == len(given)
