"""The list of destroyed keys: their ids, one a line, in a file that no backup of the database holds.

Who restores an old backup gets the wrapped keys of erased people back; the list says which to destroy again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recourse.app.settings import Settings, SettingsError

NAME = "RECOURSE_PRIVACY_ERASED_FILE"


@dataclass(frozen=True, slots=True)
class ErasedList:
    path: Path

    @staticmethod
    def of(settings: Settings) -> ErasedList:
        """Raises SettingsError: nothing is erased that a restored backup would bring back unseen."""
        if not settings.privacy_erased_file:
            raise SettingsError(f"{NAME}: missing; name a file that no backup of the database holds")
        return ErasedList(Path(settings.privacy_erased_file))

    def add(self, key_ids: Sequence[str]) -> None:
        """On the disk when this returns. Raises SettingsError where it cannot be written."""
        text = "".join(f"{one}\n" for one in key_ids)
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SettingsError(f"{NAME}: {self.path}: {error.strerror}; mend it") from None

    def ids(self) -> list[str]:
        """Empty where nobody was erased yet. Raises SettingsError where it cannot be read."""
        try:
            return sorted({line.strip() for line in self.path.read_text().splitlines() if line.strip()})
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            says = getattr(error, "strerror", None) or "is no text"
            raise SettingsError(f"{NAME}: {self.path}: {says}; mend it") from None
