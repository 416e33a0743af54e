"""A certificate authority of the test's own, made by the `openssl` program, and servers it vouches for."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
_OF_A_CA = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]


@dataclass(frozen=True)
class Authority:
    """cafile: what a client trusts it by."""

    folder: Path

    @property
    def cafile(self) -> str:
        return str(self.folder / "ca.pem")

    def serving(self, name: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """For a server. name: as a subject alternative name is written."""
        key, certificate = self.folder / "server.key", self.folder / "server.pem"
        signed = ["-CA", self.cafile, "-CAkey", str(self.folder / "ca.key")]
        leaf = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName={name}"]
        _openssl("server", key, certificate, *signed, *leaf)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


async def authority(folder: Path) -> Authority:
    folder.mkdir()
    made = Authority(folder)
    await asyncio.to_thread(_openssl, "ca", folder / "ca.key", Path(made.cafile), *_OF_A_CA)
    return made


def _openssl(name: str, key: Path, certificate: Path, *options: str) -> None:
    told = ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", *_NEW_KEY, *told, *options]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
