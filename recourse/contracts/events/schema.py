"""JSON Schema for every event and the AsyncAPI 3 document, generated from the models and committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recourse.contracts.events.models import BANK_MODELS
from recourse.contracts.events.outgoing import CASE_MODELS
from recourse.contracts.events.topics import Topics, topic_for

COMMITTED = Path(__file__).parent.parent / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, dict[str, Any]]:
    """File name -> document."""
    files = {f"{name}.json": _schema(name, model) for name, model in {**BANK_MODELS, **CASE_MODELS}.items()}
    return files | {"asyncapi.json": asyncapi()}


def export(directory: Path) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, document in documents().items():
        path = directory / name
        path.write_text(_text(document), encoding="utf-8")
        written.append(path)
    return written


def drift(directory: Path) -> list[str]:
    """Names of files that are missing, left over, or differ from the models."""
    wanted = {name: _text(document) for name, document in documents().items()}
    present = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _schema(name: str, model: Any) -> dict[str, Any]:
    schema: dict[str, Any] = model.model_json_schema()
    return {"$schema": _DRAFT, "$id": f"urn:recourse:{name}"} | schema


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: what we receive and what we send, on which topics, with the CloudEvents headers."""
    topics = Topics()
    channels: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for name, model in {**BANK_MODELS, **CASE_MODELS}.items():
        topic = topic_for(name, topics) if name in BANK_MODELS else topics.case_events
        key = topic.replace(".", "_").replace("-", "_")
        channel = channels.setdefault(key, {"address": topic, "messages": {}})
        channel["messages"][name] = {"$ref": f"#/components/messages/{name}"}
        messages[name] = {
            "name": name,
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-2020-12",
                "schema": model.model_json_schema(),
            },
            "bindings": {"kafka": {"key": {"type": "string", "description": "the loan id"}}},
        }
    incoming = {topic.replace(".", "_") for topic in topics.incoming()}
    operations = {
        f"{'receive' if key in incoming else 'send'}_{key}": {
            "action": "receive" if key in incoming else "send",
            "channel": {"$ref": f"#/channels/{key}"},
        }
        for key in channels
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Recourse events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 over Kafka, binary or structured mode, keyed by loan id.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"CloudEventHeaders": _HEADERS}},
    }


_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "deduplication key"},
        "ce_source": {"type": "string", "description": "maps to lender, zone and currency in the settings"},
        "ce_type": {"type": "string"},
        "ce_subject": {"type": "string", "description": "the loan id"},
        "ce_time": {"type": "string", "format": "date-time"},
    },
}
