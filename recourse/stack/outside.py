"""The four protocol ends as members of the stack: how each process is started and where it then answers."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recourse.stack.errors import Missing
from recourse.stack.ports import HOST
from recourse.stack.process import Launch
from recourse.stack.servers.component import Folders, Found, Options, Ports

# They keep a mix-up of two ends from passing unnoticed; on loopback they guard nothing.
SMPP_SYSTEM_ID: Final = "recourse"
SMPP_PASSWORD: Final = "smpp-end"  # noqa: S105
POSITIONS_KEY: Final = "cmVjb3Vyc2UsIHRoZSBlbWJlZGRlZCBzdGFjaydzIGs="
"""Well known as the others: what is kept under it is nobody's."""
TRACCAR_TOKEN: Final = "traccar-end"  # noqa: S105
LEGAL_DESK_TOKEN: Final = "legal-desk-end"  # noqa: S105


@dataclass(frozen=True, slots=True)
class FoundEnd:
    """A module of this package, run with the Python we run on."""

    name: str
    module: str
    arguments: tuple[str, ...]
    source: str = "this package"

    async def prepare(self, ports: Ports, folders: Folders, options: Options) -> Launch:
        log = str(folders.logs / f"{self.name}.ndjson")
        program = [
            sys.executable,
            "-m",
            self.module,
            "--host",
            HOST,
            "--port",
            str(ports[self.name]),
            "--log",
            log,
        ]
        return Launch([*program, *self.arguments], stop_seconds=5)


@dataclass(frozen=True, slots=True)
class End:
    """One protocol end. `needs` is the distribution's module it cannot run without."""

    name: str
    module: str
    needs: str
    fields: Mapping[str, str]
    arguments: tuple[str, ...] = ()

    @property
    def port_names(self) -> tuple[str, ...]:
        return (self.name,)

    async def find(self) -> Found:
        if importlib.util.find_spec(self.needs) is None:
            raise Missing(f"the Python package {self.needs}", "pip install 'recourse-collections[stack]'")
        return FoundEnd(self.name, self.module, self.arguments + _callback_arguments(self.name))

    def addresses(self, ports: Ports, folders: Folders) -> dict[str, Any]:
        port = ports[self.name]
        filled = {name: value.format(host=HOST, port=port) for name, value in self.fields.items()}
        typed = {name: port if name.endswith("_port") else value for name, value in filled.items()}
        return {**typed, "end_logs": {self.name: str(folders.logs / f"{self.name}.ndjson")}}


def _callback_arguments(name: str) -> tuple[str, ...]:
    """RECOURSE_LEGAL_DESK_CALLBACK_URL and _INTERVAL become the legal desk's options. It reads _TOKEN itself:
    every account of the machine can read a command line."""
    if name != "legal_desk":
        return ()
    given = {
        part: os.environ.get(f"RECOURSE_LEGAL_DESK_CALLBACK_{part.upper()}") for part in ("url", "interval")
    }
    return tuple(word for part, value in given.items() if value for word in (f"--callback-{part}", value))


SMTP: Final = End(
    name="smtp",
    module="recourse.stack.ends.smtp_sink",
    needs="aiosmtpd",
    fields={"smtp_host": "{host}", "smtp_port": "{port}"},
)
SMSC: Final = End(
    name="smsc",
    module="recourse.stack.ends.smsc",
    needs="smpp34",
    fields={
        "smpp_host": "{host}",
        "smpp_port": "{port}",
        "smpp_system_id": SMPP_SYSTEM_ID,
        "smpp_password": SMPP_PASSWORD,
    },
    arguments=("--system-id", SMPP_SYSTEM_ID),
)
TRACCAR: Final = End(
    name="traccar",
    module="recourse.stack.ends.traccar",
    needs="fastapi",
    fields={
        "traccar_url": "http://{host}:{port}",
        "traccar_token": TRACCAR_TOKEN,
        "positions_key": POSITIONS_KEY,
    },
    arguments=("--token", TRACCAR_TOKEN),
)
LEGAL_DESK: Final = End(
    name="legal_desk",
    module="recourse.stack.ends.legal_desk",
    needs="fastapi",
    fields={"legal_desk_url": "http://{host}:{port}", "legal_desk_token": LEGAL_DESK_TOKEN},
    arguments=("--token", LEGAL_DESK_TOKEN),
)
