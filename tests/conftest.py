"""Fixtures every kind of test may ask for."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from recourse.stack import StackAddresses, running
from recourse.stack.members import SERVERS
from recourse.stack.running import REUSE
from tests.examples import FEW
from tests.one_stack import OneStack, with_servers

if TYPE_CHECKING:
    from tests.emptied import Emptied

os.environ["COLUMNS"] = "400"
"""Before any console is made: on a narrow one, as pytest-xdist gives its workers, tables fold their texts."""


settings.register_profile("recourse", deadline=None, max_examples=10 if FEW else 50, print_blob=True)
# With the blob a failure that one machine saw once is made again on another.
settings.load_profile("recourse")

ONE_STACK = pytest.StashKey[OneStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-stack", action="store_true", help="one set of servers for all workers")


def pytest_configure(config: pytest.Config) -> None:
    wanted = config.getoption("--one-stack") and not os.environ.get(REUSE)
    if wanted and not hasattr(config, "workerinput"):
        config.stash[ONE_STACK] = OneStack()
        config.add_cleanup(config.stash[ONE_STACK].end)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of pytest-xdist, for each worker that is about to start."""
    if stack := node.config.stash.get(ONE_STACK, None):
        node.workerinput["stack"] = stack.file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In the place of `--dist loadfile`."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.scheduling import ByFileOrFolder

    return ByFileOrFolder(config, log)


@pytest.fixture(scope="session")
async def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[StackAddresses]:
    """One whole stack for the run, started when the first test asks; or the one RECOURSE_TEST_STACK names."""
    of_all = getattr(request.config, "workerinput", {}).get("stack")
    servers = () if of_all else SERVERS
    async with running(tmp_path_factory.mktemp("stack"), servers=servers) as started:
        yield await with_servers(started, of_all) if of_all else started


@pytest.fixture(scope="session")
async def template(stack: StackAddresses) -> str:
    """A migrated database that others are cloned from."""
    from recourse.storage import access
    from tests.emptied import UNVACUUMED, execute, named

    name = f"template_{uuid.uuid4().hex[:8]}"
    await execute(stack.database_url, f'CREATE DATABASE "{name}"')
    await access.upgrade(named(stack.database_url, name))
    await execute(named(stack.database_url, name), UNVACUUMED)
    return name


@pytest.fixture(scope="session")
async def emptied(stack: StackAddresses, template: str) -> AsyncIterator[Emptied]:
    from tests.emptied import Emptied

    databases = Emptied(stack.database_url, template, stack.privacy_keys_file)
    yield databases
    await databases.drop()


@pytest.fixture
async def database_url(emptied: Emptied) -> AsyncIterator[str]:
    """A migrated database without a row, for this test alone."""
    yield (await emptied.get()).url
    await emptied.empty()
