"""The Temporal development server with its Web UI: found, built with Go, or downloaded by the SDK."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from recourse.stack import pins
from recourse.stack.cache import cache_folder, fetch, fill_once, named_binary, on_path
from recourse.stack.errors import Missing, StackError
from recourse.stack.ports import HOST
from recourse.stack.process import Launch
from recourse.stack.servers.component import Folders, Found, Options, Ports

PROGRAM: Final = "temporal"
NAMESPACE: Final = "default"
BUILD_SECONDS: Final = 900  # 2.5 minutes measured on two quiet cores
DOWNLOAD_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class FoundTemporal:
    """The `temporal` command line program."""

    program: Path
    source: str

    async def prepare(self, ports: Ports, folders: Folders, options: Options) -> Launch:
        """In memory, or in one SQLite file when the stack is persistent."""
        program = [str(self.program), "server", "start-dev", "--headless=false", "--log-level", "warn"]
        program += ["--ip", HOST, "--port", str(ports["temporal"])]
        program += ["--ui-ip", HOST, "--ui-port", str(ports["temporal_ui"])]
        program += ["--namespace", NAMESPACE]
        program += ["--ui-codec-endpoint", f"http://{HOST}:{ports['temporal_codec']}"]
        _make_key(_key_file(folders))
        # A search attribute that was just registered is usable at once, not after the cache's next minute.
        dynamic = (("system.forceSearchAttributesCacheRefreshOnRead", "true"), *options.dynamic)
        for name, value in dynamic:
            program += ["--dynamic-config-value", f"{name}={value}"]
        if options.persistent:
            folders.data.mkdir(parents=True, exist_ok=True)
            program += ["--db-filename", str(folders.data / "temporal.sqlite")]
        return Launch(program)


@dataclass(frozen=True, slots=True)
class Temporal:
    """The workflow server."""

    name: str = "temporal"
    port_names: tuple[str, ...] = ("temporal", "temporal_ui", "temporal_codec")

    async def find(self) -> Found:
        """RECOURSE_TEMPORAL_BIN, PATH, the cache, `go install`, the SDK's own download."""
        if named := named_binary(self.name):
            return FoundTemporal(named, "RECOURSE_TEMPORAL_BIN")
        if found := on_path(PROGRAM):
            return FoundTemporal(found, "PATH")
        entry = f"temporal-cli-{pins.TEMPORAL_CLI_VERSION}"
        if (cached := cache_folder() / entry / PROGRAM).exists():
            return FoundTemporal(cached, "cache")
        reasons = []
        for source, fill in (("built with Go", _build), ("downloaded by the Temporal SDK", _download)):
            try:
                return FoundTemporal(await fill_once(entry, PROGRAM, fill), source)
            except StackError as failure:
                reasons.append(str(failure))
        remedy = f"GOBIN={cached.parent} go install {pins.TEMPORAL_CLI_MODULE}, or set TEMPORAL_ADDRESS"
        raise Missing("the Temporal development server", f"{remedy} ({'; '.join(reasons)})")

    def addresses(self, ports: Ports, folders: Folders) -> dict[str, Any]:
        return {
            "temporal_address": f"{HOST}:{ports['temporal']}",
            "temporal_namespace": NAMESPACE,
            "temporal_ui_url": f"http://{HOST}:{ports['temporal_ui']}",
            "temporal_keys_file": str(_key_file(folders)),
            "codec_port": ports["temporal_codec"],
        }


def _key_file(folders: Folders) -> Path:
    """It lives as long as what is encrypted under it."""
    return folders.data / "temporal.keys"


def _make_key(file: Path) -> None:
    """As `recourse temporal keygen` does; every process that is given this stack's addresses uses it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as made:
            made.write(f"stack:{base64.b64encode(os.urandom(32)).decode()}\n")


async def _build(folder: Path) -> None:
    if shutil.which("go") is None:
        raise StackError("Go is not installed")
    # Without C: SQLite is in pure Go there, and a machine without a compiler builds it too.
    environment = {"GOBIN": str(folder), "CGO_ENABLED": "0"}
    install = ["go", "install", pins.TEMPORAL_CLI_MODULE]
    await fetch("go install", install, seconds=BUILD_SECONDS, environment=environment)


async def _download(folder: Path) -> None:
    from temporalio.testing import WorkflowEnvironment

    try:
        started = await asyncio.wait_for(
            WorkflowEnvironment.start_local(download_dest_dir=str(folder)), DOWNLOAD_SECONDS
        )
    except (RuntimeError, TimeoutError) as failure:
        raise StackError(f"the SDK's download failed: {failure}") from failure
    await started.shutdown()
    downloaded = [path for path in folder.iterdir() if path.is_file()]  # under a name of the SDK's choosing
    max(downloaded, key=lambda path: path.stat().st_size).rename(folder / PROGRAM)
