"""Recipients of a dossier from YAML: what each must not get to see, and by which rule."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from recourse.domain.redaction import Recipient, path_of
from recourse.packs.strict import PackError, read_yaml, validate

RECIPIENTS: Final = Path(__file__).parent / "recipients"
LANGUAGES: Final = ("zh", "en")


def load_recipient(name: str, text: str) -> Recipient:
    """Raises PackError."""
    recipient: Recipient = validate(name, read_yaml(name, text), Recipient)
    for language in LANGUAGES:
        if not recipient.title.get(language):
            raise PackError(f"{name}: title.{language}: missing; the bundle says for whom it was made")
    for n, rule in enumerate(recipient.withhold):
        try:
            path_of(rule.path)
        except ValueError as error:
            raise PackError(f"{name}: withhold.{n}.path: {error}") from None
    return recipient


def recipients() -> dict[str, Recipient]:
    """Those that are installed, by id."""
    found = (load_recipient(file.name, file.read_text("utf-8")) for file in sorted(RECIPIENTS.glob("*.yaml")))
    return {one.id: one for one in found}
