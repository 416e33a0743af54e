"""`python -m recourse.stack.fetch`: have every embedded server at hand before anything waits for it."""

from __future__ import annotations

import asyncio
import sys

from recourse.stack.errors import StackError
from recourse.stack.members import COMPONENTS, SERVERS


async def fetch() -> int:
    """Find, fetch or build each server; one line for what cannot be had."""
    results = await asyncio.gather(*(COMPONENTS[name].find() for name in SERVERS), return_exceptions=True)
    failed = False
    for name, result in zip(SERVERS, results, strict=True):
        if isinstance(result, StackError):
            failed = True
            sys.stderr.write(f"{name}: {result}\n")
        elif isinstance(result, BaseException):
            raise result
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(fetch()))
