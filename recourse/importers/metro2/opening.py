"""A Metro 2 file as bytes: the text itself, or a zip that holds it alone."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast


class NotReadable(Exception):
    """The file cannot be opened as one; the text says what to do."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """(stream, bytes it will give). Raises NotReadable."""
    if not path.is_file():
        raise NotReadable("no such file; give the path of a Metro 2 file, as text or .zip")
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                member = _only_member(archive)
                with archive.open(member) as stream:
                    yield cast(BinaryIO, stream), member.file_size
        else:
            with path.open("rb") as stream:
                yield stream, path.stat().st_size
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise NotReadable(f"{type(error).__name__} while reading; is the file whole?") from None
    except NotImplementedError:
        raise NotReadable("the zip is compressed in a way not known here; unpack it first") from None
    except RuntimeError as error:  # what zipfile raises for an encrypted member
        if "password" not in str(error) and "encrypt" not in str(error):
            raise
        raise NotReadable("the zip is encrypted; unpack it first") from None


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
    if len(members) != 1:
        raise NotReadable(
            f"the zip holds {len(members)} files, one is wanted; unpack it and import one by one"
        )
    return members[0]
