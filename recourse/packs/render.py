"""Message templates: plain text, one file a template, language and channel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from jinja2 import StrictUndefined, Template, nodes
from jinja2.sandbox import SandboxedEnvironment

from recourse.packs.statements import statements

ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)
"""Plain text goes out, so nothing is escaped; the sandbox keeps a template from reaching into objects."""
TEMPLATES = files("recourse.packs") / "templates"
LANGUAGES = ("zh", "en", "de")
"""English is there for every text, and written to everybody whose own language has none."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """version: short SHA-256 of the template's text, stored with each contact."""

    subject: str | None = field(repr=False)
    body: str = field(repr=False)
    version: str


def render(template: str, channel: str, language: str, variables: Mapping[str, object]) -> Rendered:
    """Raises LookupError for a template nobody wrote, UndefinedError for a variable it does not know."""
    compiled, version = _load(template, language_of(template, channel, language), channel)
    text = compiled.render(dict(variables)).strip()
    if not text.startswith("Subject:"):
        return Rendered(None, text, version)
    subject, _, body = text.partition("\n")
    return Rendered(subject.removeprefix("Subject:").strip(), body.strip(), version)


def missing_texts(template: str, channel: str, languages: Iterable[str]) -> list[str]:
    """The files a template still needs before it can be sent over a channel in these languages."""
    wanted = [f"{language}.{channel}.txt" for language in languages]
    return [f"{template}/{name}" for name in wanted if not (TEMPLATES / template / name).is_file()]


PASSAGES = {
    "sender": "lender",
    "amount": "amount",
    "deadline": "deadline",
    "opt_out": "opt_out",
    "due_date": "oldest_due",
    "days_past_due": "dpd",
    "reference": "pay_reference",
    "vehicle": "vehicle",
    "counsel": "counsel",
    "payoff": "payoff",
    "sale": "sale",
    "phone": "phone",
}
"""The passages a law can ask for, and the variable that is each of them in every text. Each of the
`recourse.packs.statements` is a passage too."""
FRAME = frozenset({"sender_address", "recipient", "date"})
"""What the sheet prints around the text of every letter; a letter that lacks one of them is not written."""


@lru_cache(maxsize=256)
def passages(template: str, channel: str) -> Mapping[str, frozenset[str]]:
    """The passages that each language's text has, whatever the facts of the loan; no language for a text that
    nobody wrote. Read from what the text prints, so it cannot claim a passage it does not have."""
    found = {}
    for language in LANGUAGES:
        file = TEMPLATES / template / f"{language}.{channel}.txt"
        if file.is_file():
            said = printed(file.read_text(encoding="utf-8"))
            known = PASSAGES | {name: name for name in statements()}
            own = frozenset(name for name, variable in known.items() if variable in said)
            found[language] = own | (FRAME if channel == "letter" else frozenset())
    return found


def printed(text: str) -> set[str]:
    """Variables that are printed always: not those in a branch, in a loop, or only asked about."""
    outputs = [node for node in ENVIRONMENT.parse(text).body if isinstance(node, nodes.Output)]
    return {part.name for output in outputs for part in output.nodes if isinstance(part, nodes.Name)}


def language_of(template: str, channel: str, tag: str) -> str:
    """The language a text is sent in to somebody of this one (BCP 47): his own whatever its kind, if there is
    such a text, else English."""
    own = tag.lower().split("-")[0]
    return own if own in passages(template, channel) else "en"


@lru_cache(maxsize=256)
def _load(template: str, language: str, channel: str) -> tuple[Template, str]:
    file = TEMPLATES / template / f"{language}.{channel}.txt"
    if not file.is_file():
        raise LookupError(f"template {template}/{language}.{channel}.txt: there is none; add it to the pack")
    text = file.read_text(encoding="utf-8")
    return ENVIRONMENT.from_string(text), hashlib.sha256(text.encode()).hexdigest()[:12]
