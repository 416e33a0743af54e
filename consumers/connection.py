"""How Kafka is reached: addresses, TLS and SASL, the same for every client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaConfigurationError
from aiokafka.helpers import create_ssl_context


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """brokers: `host:port[,host:port]`. Protocol and mechanism as Kafka names them. Files are PEM; without a
    `cafile` the machine's own authorities are trusted, and a `certfile` may hold its key itself."""

    brokers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    username: str = ""
    password: str = field(default="", repr=False)
    cafile: str = ""
    certfile: str = ""
    keyfile: str = ""

    def options(self) -> dict[str, Any]:
        """Arguments of any aiokafka client. The files are read each time, so that a client that is built anew
        has the renewed certificate. Raises KafkaConfigurationError when they cannot be used."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.brokers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = self._tls()
        if self.security_protocol.startswith("SASL_"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options

    def _tls(self) -> Any:
        """Without a passphrase of our own OpenSSL would ask for the key's at the terminal, and wait."""
        try:
            return create_ssl_context(
                cafile=self.cafile or None,
                certfile=self.certfile or None,
                keyfile=self.keyfile or None,
                password="",
            )
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise KafkaConfigurationError(reason.partition(" (_ssl")[0]) from error
