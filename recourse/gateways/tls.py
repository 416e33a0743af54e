"""TLS to servers outside: whom we trust, why it failed, and a way to it for a library that cannot choose."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from recourse.ports import NotHandedOver

_LOOPBACK = "127.0.0.1"
_OLDEST = ssl.TLSVersion.TLSv1_2
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: a key of each connection's own, and changes are noticed. Those of 1.3 are all of this kind."""


def trusting(cafile: str) -> ssl.SSLContext:
    """Certificate and name are always checked. cafile: PEM; empty for the machine's own authorities.

    Raises OSError for a file that cannot be used.
    """
    context = ssl.create_default_context(cafile=cafile or None)
    context.minimum_version = _OLDEST
    return context


def serving(certfile: str, keyfile: str) -> ssl.SSLContext:
    """For whoever connects to us. PEM files; without a keyfile the key stands beside the certificate.

    Raises OSError for files that cannot be used, or whose key wants a passphrase.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _OLDEST
    context.set_ciphers(_CIPHERS)
    # Without a passphrase of our own OpenSSL would ask for the key's at the terminal, and wait.
    context.load_cert_chain(certfile, keyfile or None, password="")
    return context


def kept_out(vendor: str, error: BaseException) -> NotHandedOver | None:
    """For an error that is, or comes from, one of TLS: nothing was said to the server. vendor: as `smtp`."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = f"the server's certificate is not trusted: {cause.verify_message}"
            return NotHandedOver(f"{vendor}: {reason}; check RECOURSE_{vendor.upper()}_CAFILE")
        if isinstance(cause, ssl.SSLError):
            return NotHandedOver(f"{vendor}: no TLS ({cause.reason}); check RECOURSE_{vendor.upper()}_TLS")
        cause = cause.__cause__ or cause.__context__
    return None


class Tunnel:
    """One connection from this process, carried on to the server over TLS.

    Only bytes of whoever connects first are carried. It ends with either side.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._far = reader, writer
        self._taken = False
        self._carrying: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server

    @classmethod
    async def to(cls, host: str, port: int, context: ssl.SSLContext) -> Tunnel:
        """With the TLS handshake done. Raises OSError, of which ssl.SSLError is one."""
        tunnel = cls(*await asyncio.open_connection(host, port, ssl=context))
        tunnel._listening = await asyncio.start_server(tunnel._accept, _LOOPBACK, 0)
        return tunnel

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect."""
        port: int = self._listening.sockets[0].getsockname()[1]
        return _LOOPBACK, port

    def close(self) -> None:
        self._listening.close()
        self._far[1].close()
        for task in self._carrying:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._listening.close()
        if self._taken:
            writer.close()
            return
        self._taken = True
        far_reader, far_writer = self._far
        ways = ((reader, far_writer), (far_reader, writer))
        self._carrying = {asyncio.create_task(_carry(*way)) for way in ways}
        try:
            await asyncio.wait(self._carrying, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.close()
            writer.close()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
