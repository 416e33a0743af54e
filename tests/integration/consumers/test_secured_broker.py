"""A broker that wants TLS and a login: events pass in and out, and who is kept out is told what to check."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from consumers.connection import KafkaConnection
from recourse.app.consume import run_consumer
from recourse.app.publishing import create_topics
from recourse.app.settings import Settings
from recourse.contracts.events import Topics
from recourse.domain.privacy.key_ring import KeyRing
from recourse.stack import StackAddresses, process
from recourse.stack.ports import HOST, choose
from recourse.stack.probes import until_ready
from recourse.stack.servers.component import Folders, Options
from recourse.stack.servers.kafka import Kafka
from tests.cli.conftest import NOON, Cli, lines
from tests.events import snapshot
from tests.integration.conftest import World
from tests.integration.consumers.conftest import LIMITS, until

PASSWORD, WRONG = "sesame-of-kafka", "no-sesame-at-all"
MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
UNUSED = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


@dataclass(frozen=True)
class Secured:
    """A broker whose outer listener speaks SASL_SSL. other: a certificate that did not sign the broker's."""

    connection: KafkaConnection
    other: Path
    folder: Path

    def cli(self, **changed: str) -> Cli:
        """All settings are in an env file but the password, which is in the folder of secrets."""
        secrets = self.folder / "secrets"
        secrets.mkdir(exist_ok=True)
        (secrets / "RECOURSE_KAFKA_PASSWORD").write_text(PASSWORD + "\n")
        settings = {
            "RECOURSE_KAFKA_BROKERS": self.connection.brokers,
            "RECOURSE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "RECOURSE_KAFKA_USERNAME": self.connection.username,
            "RECOURSE_KAFKA_CAFILE": self.connection.cafile,
        }
        file = self.folder / "env"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        places = {"RECOURSE_ENV_FILE": str(file), "RECOURSE_SECRETS_DIR": str(secrets)}
        return Cli({**places, "RECOURSE_HOME": str(self.folder / "no-stack"), **changed})

    def settings(self, database_url: str) -> Settings:
        return Settings(
            _env_file=None,
            database_url=database_url,
            kafka_brokers=self.connection.brokers,
            kafka_security_protocol="SASL_SSL",
            kafka_username=self.connection.username,
            kafka_password=self.connection.password,
            kafka_cafile=self.connection.cafile,
            temporal_keys="plain",
            privacy_keys=KeyRing.new("test").text(),
        )


@pytest.fixture(autouse=True)
def environment_left_alone() -> Iterator[None]:
    """A command takes its env file over into the environment, which this process shares with other tests."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    broker, other = await asyncio.gather(_certificate(folder, "broker"), _certificate(folder, "other"))
    # The third is any free port, for the listener that the embedded broker does not have.
    ports = choose(["kafka", "kafka_controller", "api"], preferred=False)
    plain, outer = f"PLAINTEXT://{HOST}:{ports['kafka']}", f"SASL_SSL://{HOST}:{ports['api']}"
    found = await Kafka().find()
    launch = await found.prepare(
        ports,
        Folders(folder / "data", folder / "logs"),
        Options(fast=True),
        {
            "listeners": f"{plain},{outer},CONTROLLER://{HOST}:{ports['kafka_controller']}",
            "advertised.listeners": f"{plain},{outer}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
            "ssl.keystore.location": str(broker.with_suffix(".p12")),
            "ssl.keystore.password": PASSWORD,
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{MODULE} required user_recourse="{PASSWORD}";',
        },
    )
    child = await process.start("kafka", launch, folder / "logs" / "kafka.log")
    try:
        inner = StackAddresses(kafka_brokers=f"{HOST}:{ports['kafka']}")
        await until_ready("kafka", inner, seconds=60, dead=child.has_ended)
        brokers = f"{HOST}:{ports['api']}"
        connection = KafkaConnection(brokers, "SASL_SSL", "PLAIN", "recourse", PASSWORD, cafile=str(broker))
        await create_topics(connection, Topics(), partitions=1)
        yield Secured(connection, other, folder)
    finally:
        await child.stop()


async def _certificate(folder: Path, name: str) -> Path:
    """A PEM file; its key is in the key store of the same name."""
    store, pem = folder / f"{name}.p12", folder / f"{name}.pem"
    common = ["-alias", name, "-keystore", str(store), "-storetype", "PKCS12", "-storepass", PASSWORD]
    made = ["-keyalg", "EC", "-dname", f"CN={name}", "-ext", f"SAN=IP:{HOST}", "-validity", "2"]
    for command in (["-genkeypair", *made], ["-exportcert", "-rfc", "-file", str(pem)]):
        tool = ["keytool", *command, *common]
        await asyncio.to_thread(subprocess.run, tool, check=True, capture_output=True, timeout=60)
    return pem


async def test_an_event_passes_over_tls_with_a_login(
    secured: Secured, world: World, database_url: str, tmp_path: Path
) -> None:
    cli = secured.cli()
    file = lines(tmp_path / "event.ndjson", snapshot("L-1", at=NOON))
    assert await cli.json("events", "publish", file) == {"published": 1, "skipped": 0}
    stopping = asyncio.Event()
    consumer = asyncio.create_task(run_consumer(secured.settings(database_url), stopping, LIMITS))

    async def accepted() -> bool:
        return bool(await world.scalar("SELECT count(*) FROM loan WHERE id = 'L-1'"))

    try:
        await until(accepted, "the snapshot in the database")
    finally:
        stopping.set()
        await asyncio.wait_for(consumer, 20)
    assert await cli.json("dlq", "ls") == []


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"PASSWORD": WRONG}, "RECOURSE_KAFKA_PASSWORD"),
        ({"CAFILE": "other"}, "RECOURSE_KAFKA_CAFILE"),
        ({"CAFILE": ""}, "RECOURSE_KAFKA_CAFILE"),
        ({"SASL_MECHANISM": "SCRAM-SHA-512"}, "RECOURSE_KAFKA_SASL_MECHANISM"),
        ({"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "CAFILE": ""}, "RECOURSE_KAFKA_SECURITY_PROTOCOL"),
    ],
    ids=["wrong password", "wrong authority", "machine's authorities", "wrong mechanism", "no TLS"],
)
async def test_who_is_kept_out_is_told_in_one_line_what_to_check(
    secured: Secured, changed: dict[str, str], check: str
) -> None:
    cli = secured.cli(
        **{
            f"RECOURSE_KAFKA_{name}": str(secured.other) if value == "other" else value
            for name, value in changed.items()
        }
    )
    result = await cli("dlq", "ls")
    assert (result.exit_code, result.stdout) == (3, "")
    (line,) = result.stderr.splitlines()
    assert secured.connection.brokers in line
    assert check in line
    assert "does not answer" not in line
    assert not [secret for secret in (PASSWORD, WRONG) if secret in result.output]


async def test_other_addresses_are_reached_with_the_same_login(secured: Secured) -> None:
    cli = secured.cli(RECOURSE_KAFKA_BROKERS="127.0.0.1:1")
    assert (await cli("dlq", "ls", "--brokers", secured.connection.brokers)).exit_code == 0


async def test_a_process_that_is_kept_out_waits_and_logs_why(secured: Secured) -> None:
    settings = secured.settings(UNUSED).model_copy(update={"kafka_cafile": str(secured.other)})
    stopping = asyncio.Event()
    with capture_logs() as logs:
        consumer = asyncio.create_task(run_consumer(settings, stopping, LIMITS))

        async def said() -> bool:
            return any("RECOURSE_KAFKA_CAFILE" in str(line.get("error")) for line in logs)

        try:
            await until(said, "a line in the log that names the setting")
            assert not consumer.done()
        finally:
            stopping.set()
            await asyncio.wait_for(consumer, 20)
    assert PASSWORD not in str(logs)
