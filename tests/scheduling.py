"""Which tests stay with one worker: those of a file, and those of a folder that shares something dear.

What is made once a session is made once by each worker that needs it, and lives until the run ends.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

TOGETHER = ("tests/cli/town/",)
"""A deployment at work: its three processes, its namespace and its database."""


class ByFileOrFolder(LoadFileScheduling):  # type: ignore[misc]  # it has no types
    def _split_scope(self, nodeid: str) -> str:
        """Of pytest-xdist, whose schedulers differ in it: what names the tests that stay together."""
        return next(
            (folder for folder in TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid)
        )
