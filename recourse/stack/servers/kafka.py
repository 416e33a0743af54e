"""Kafka: one KRaft node, broker and controller in one JVM, from a distribution or from Maven's jars."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from recourse.stack import pins
from recourse.stack.cache import cache_folder, fetch, fill_once, named_binary, on_path
from recourse.stack.errors import Missing, StackError
from recourse.stack.ports import HOST
from recourse.stack.process import Launch, run_tool
from recourse.stack.servers.component import Folders, Options, Ports

START_SCRIPT: Final = "kafka-server-start.sh"
JVM_FLAGS: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", "-Djava.awt.headless=true")
CLUSTER_ID: Final = "cmVjb3Vyc2Utc3RhY2stMQ"  # any 16 bytes in base64url
LARGEST_MESSAGE_BYTES: Final = 8 * 1024 * 1024
INSTEAD: Final = "or set RECOURSE_KAFKA_BROKERS"

SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "num.partitions": "4",
    "auto.create.topics.enable": "true",
    "group.initial.rebalance.delay.ms": "0",  # else the first consumer waits 3 s for company
    "message.max.bytes": str(LARGEST_MESSAGE_BYTES),
    "replica.fetch.max.bytes": str(LARGEST_MESSAGE_BYTES),
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


@dataclass(frozen=True, slots=True)
class FoundKafka:
    """A Java program and the folder of Kafka's jars."""

    java: Path
    libraries: Path
    source: str

    async def prepare(
        self,
        ports: Ports,
        folders: Folders,
        options: Options,
        properties: Mapping[str, str] = MappingProxyType({}),
    ) -> Launch:
        """Writes server.properties and, on first use, formats the log folder.

        properties: of the broker, over those it has here.
        """
        data = folders.data / "kafka"
        data.mkdir(parents=True, exist_ok=True)
        settings = data / "server.properties"
        lines = {**_settings(data, ports), **properties}
        settings.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        if not (data / "log" / "meta.properties").exists():
            format_log = ["format", "-t", CLUSTER_ID, "-c", str(settings)]
            launch = Launch(self._java("kafka.tools.StorageTool", *format_log))
            await run_tool("Kafka's storage tool", launch, folders.logs / "kafka.log", seconds=60)
        return Launch(self._java("kafka.Kafka", str(settings)))

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        logs = f"-Dlog4j2.configurationFile={pins.KAFKA_LOG_SETTINGS}"
        return [str(self.java), *JVM_FLAGS, logs, "-cp", f"{self.libraries}/*", main_class, *arguments]


@dataclass(frozen=True, slots=True)
class Kafka:
    """The event broker."""

    name: str = "kafka"
    port_names: tuple[str, ...] = ("kafka", "kafka_controller")

    async def find(self) -> FoundKafka:
        """RECOURSE_KAFKA_BIN or PATH (a distribution's kafka-server-start.sh), the cache, Maven."""
        java = _find_java()
        if named := named_binary(self.name):
            return FoundKafka(java, _libraries_beside(named), "RECOURSE_KAFKA_BIN")
        if found := on_path(START_SCRIPT):
            return FoundKafka(java, _libraries_beside(found), "PATH")
        entry = f"kafka-{pins.KAFKA_VERSION}"
        if (cached := cache_folder() / entry / "libs").is_dir():
            return FoundKafka(java, cached, "cache")
        if shutil.which("mvn") is None:
            raise Missing("Kafka, and Maven to fetch it,", f"apt-get install maven, {INSTEAD}")
        try:
            libraries = await fill_once(entry, "libs", _fetch_jars)
        except StackError as failure:
            command = (
                f"mvn -f {pins.KAFKA_POM} dependency:copy-dependencies -Dkafka.version={pins.KAFKA_VERSION}"
            )
            remedy = f"{command} -DoutputDirectory={cached}, {INSTEAD} ({failure})"
            raise Missing("Kafka", remedy) from failure
        return FoundKafka(java, libraries, "fetched with Maven")

    def addresses(self, ports: Ports, folders: Folders) -> dict[str, Any]:
        return {"kafka_brokers": f"{HOST}:{ports['kafka']}"}


def _settings(data: Path, ports: Ports) -> dict[str, str]:
    client, controller = f"PLAINTEXT://{HOST}:{ports['kafka']}", f"{HOST}:{ports['kafka_controller']}"
    return {
        **SETTINGS,
        "listeners": f"{client},CONTROLLER://{controller}",
        "advertised.listeners": client,
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": str(data / "log"),
    }


def _find_java() -> Path:
    java = on_path("java")
    remedy = f"apt-get install openjdk-{pins.JAVA_OLDEST}-jre-headless, {INSTEAD}"
    if java is None:
        raise Missing(f"Java {pins.JAVA_OLDEST}, which Kafka runs on,", remedy)
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=20).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < pins.JAVA_OLDEST:
        raise Missing(f"Java {pins.JAVA_OLDEST} or newer, which Kafka runs on,", remedy)
    return java


def _libraries_beside(script: Path) -> Path:
    libraries = script.parent.parent / "libs"
    if not libraries.is_dir():
        raise StackError(f"{script} is not part of a Kafka distribution: {libraries} does not exist")
    return libraries


async def _fetch_jars(folder: Path) -> None:
    pom = folder / "pom.xml"
    pom.write_text(
        pins.KAFKA_POM.read_text()
    )  # Maven may write beside its pom, and a package is not ours to write to
    maven = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
    settings = [f"-Dkafka.version={pins.KAFKA_VERSION}", f"-DoutputDirectory={folder / 'libs'}"]
    await fetch("mvn", [*maven, *settings], seconds=600)
