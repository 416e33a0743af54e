"""Why Kafka cannot be used, in words that name the setting to look at."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConfigurationError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from consumers.connection import KafkaConnection

TLS_FILES = "RECOURSE_KAFKA_CAFILE, RECOURSE_KAFKA_CERTFILE and RECOURSE_KAFKA_KEYFILE"
_PROBE_MS = 3_000

Trouble = tuple[str, str]
_AWAY: Trouble = (
    "does not answer",
    "start it, or set RECOURSE_KAFKA_BROKERS and RECOURSE_KAFKA_SECURITY_PROTOCOL as it wants them",
)
_NOT_ALLOWED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError)
_FORBIDDEN: Trouble = ("does not allow it", "give RECOURSE_KAFKA_USERNAME the ACLs of deploy/README.md")


class Unreachable(Exception):
    """says: what is wrong; remedy: what to do. Neither holds a secret."""

    def __init__(self, brokers: str, says: str, remedy: str) -> None:
        super().__init__(brokers, says, remedy)
        self.brokers, self.says, self.remedy = brokers, says, remedy

    def __str__(self) -> str:
        return f"Kafka at {self.brokers} {self.says}; {self.remedy}"


@asynccontextmanager
async def reaching(connection: KafkaConnection) -> AsyncIterator[None]:
    """What goes wrong with Kafka inside is raised as Unreachable."""
    try:
        yield
    except (KafkaError, TimeoutError) as error:
        says, remedy = trouble_of(error)
        if (says, remedy) == _AWAY:
            says, remedy = await _kept_out(connection) or _AWAY
        raise Unreachable(connection.brokers, says, remedy) from error


def trouble_of(error: Exception) -> Trouble:
    """What the error alone tells."""
    return _FORBIDDEN if isinstance(error, _NOT_ALLOWED) else _AWAY


async def _kept_out(connection: KafkaConnection) -> Trouble | None:
    """A client that could not start does not know why: aiokafka tells that to its log alone. So each address
    is asked once more for its reason."""
    for host, port, _ in collect_hosts(connection.brokers):
        if refused := await _refusal(connection, host, port):
            return refused
    return None


async def _refusal(connection: KafkaConnection, host: str, port: int) -> Trouble | None:
    """Why this broker keeps us out; None when it does not, or when it does not answer."""
    try:
        options = connection.options()
        del options["bootstrap_servers"]
        (await create_conn(host, port, request_timeout_ms=_PROBE_MS, **options)).close()
    except KafkaConfigurationError as error:
        return f"cannot be asked: {error.args[0]}", f"check {TLS_FILES}"
    except ssl.SSLCertVerificationError as error:
        says = f"shows a certificate that is not trusted: {error.verify_message}"
        return says, "check RECOURSE_KAFKA_CAFILE, and that the certificate names RECOURSE_KAFKA_BROKERS"
    except ssl.SSLError as error:
        says = f"does not agree on TLS: {error.reason}"
        return says, f"check RECOURSE_KAFKA_SECURITY_PROTOCOL, {TLS_FILES}"
    except SaslAuthenticationFailed:
        return "refuses the login", "check RECOURSE_KAFKA_USERNAME and RECOURSE_KAFKA_PASSWORD"
    except UnsupportedSaslMechanismError:
        return "does not take this mechanism", "check RECOURSE_KAFKA_SASL_MECHANISM"
    except (KafkaError, ConnectionResetError):
        says = "hangs up before it answers"
        return says, "check RECOURSE_KAFKA_SECURITY_PROTOCOL, and RECOURSE_KAFKA_CERTFILE if it asks for one"
    except OSError:
        return None
    return None
