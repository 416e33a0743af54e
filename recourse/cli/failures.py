"""What went wrong, as one line with its remedy and an exit code."""

from __future__ import annotations

from recourse.cli.common import DOWN, FINDINGS, USAGE


def explained(error: Exception) -> tuple[str, int] | None:
    """(line, exit code); None for what nobody foresaw, which is a bug and keeps its traceback."""
    return _of_usage(error) or _of_database(error) or _of_engine(error) or _of_kafka(error)


def _of_usage(error: Exception) -> tuple[str, int] | None:
    from recourse.app.settings import SettingsError
    from recourse.contracts.delivery import Unacceptable
    from recourse.contracts.wrapping import NotOpened
    from recourse.service.exporting import NotApproved
    from recourse.service.noting import RequestReused

    if isinstance(error, SettingsError | RequestReused | NotApproved):
        return str(error), USAGE
    if isinstance(error, NotOpened):
        return f"{error}: does not open; see `recourse evidence verify`", FINDINGS
    if isinstance(error, Unacceptable):
        return "a value cannot be stored or asked for, such as a zero byte or a broken character", USAGE
    if isinstance(error, LookupError) and error.args:
        return str(error.args[0]), USAGE
    if isinstance(error, ValueError) and "invalid target URL" in str(error):
        return "TEMPORAL_ADDRESS: not an address; give it as host:port", USAGE
    return None


def _of_database(error: Exception) -> tuple[str, int] | None:
    import socket

    from sqlalchemy.exc import DBAPIError

    from recourse.app.doctor_database import kind_of, trouble
    from recourse.contracts.delivery import Unavailable
    from recourse.contracts.wrapping import KeysUnavailable

    if isinstance(error, KeysUnavailable):
        return str(error), DOWN
    if isinstance(error, Unavailable):
        kind = str(error)
    elif isinstance(error, DBAPIError | ConnectionError | TimeoutError | socket.gaierror):
        kind = kind_of(error)
    else:
        return None
    says, remedy = trouble(kind)
    return f"the database cannot be used: {says}; {remedy}", DOWN


def _of_engine(error: Exception) -> tuple[str, int] | None:
    from recourse.ports import RunsUnavailable
    from recourse.stack import StackError

    if isinstance(error, RunsUnavailable):
        if "NOT_FOUND" in str(error):
            return (
                f"{error}: no such namespace, or not set up; see TEMPORAL_NAMESPACE, `recourse doctor`",
                DOWN,
            )
        doctor = "" if "doctor" in str(error) else "; see `recourse doctor`"
        return f"{error}{doctor}", DOWN
    return (str(error), DOWN) if isinstance(error, StackError) else None


def _of_kafka(error: Exception) -> tuple[str, int] | None:
    import os

    from aiokafka.errors import KafkaError

    from recourse.app.reaching import Unreachable, trouble_of

    if isinstance(error, Unreachable):
        return str(error), DOWN
    if not isinstance(error, KafkaError):
        return None
    says, remedy = trouble_of(error)
    return f"Kafka at {os.environ.get('RECOURSE_KAFKA_BROKERS', 'localhost:9092')} {says}; {remedy}", DOWN
