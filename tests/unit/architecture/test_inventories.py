"""What is logged, and where something is encrypted or signed, stands in a document as it is in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = sorted(
    file
    for part in ("recourse", "consumers", "activities", "workflows")
    for file in (ROOT / part).rglob("*.py")
)
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
SECRET = re.compile(r"from cryptography|import hmac|pyhanko|urandom\(|secrets\.token")
DIGESTS = re.compile(r"hashlib\.(\w+)|from hashlib import (\w+)")


def _rows(document: str) -> list[list[str]]:
    """Of its only table."""
    lines = (ROOT / "docs" / document).read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _is_ours(logger: ast.expr) -> bool:
    return isinstance(logger, ast.Name | ast.Attribute) and ast.unparse(logger) in {
        "log",
        "_log",
        "self._log",
    }


def _logged(file: Path) -> Iterator[tuple[str, str, str, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(by, level), args=[said, *_]) if _is_ours(by) and level in LEVELS:
                if isinstance(said, ast.JoinedStr):
                    parts = (one.value if isinstance(one, ast.Constant) else "…" for one in said.values)
                    event = "".join(map(str, parts))
                else:
                    assert isinstance(said, ast.Constant), f"{file}:{node.lineno}: an event is a text"
                    event = str(said.value)
                fields = " ".join(f"`{one.arg or '…'}`" for one in node.keywords)
                yield event, level, f"`{_name(file)}`", fields


def test_every_line_that_is_logged_is_listed_with_its_fields() -> None:
    in_code = sorted(line for file in SOURCES for line in _logged(file))
    assert (
        sorted((event, level, file, fields) for event, level, file, fields, _ in _rows("logs.md")) == in_code
    )
    assert len(in_code) > 40


def test_nothing_is_logged_past_the_list() -> None:
    """By a logger of another name, by the standard library's, or printed by a process."""
    another = re.compile(
        r"^(?!_?log\b)\w+ = structlog\.get_logger|getLogger\([^)]*\)\.\w*(?:info|warn|err)", re.M
    )
    printed = re.compile(r"^\s*print\(", re.M)
    speak = ("recourse/stack/", "recourse/cli/", "recourse/demo/", "recourse/reading/verify_evidence.py")
    for file in SOURCES:
        text = file.read_text(encoding="utf-8")
        assert not another.search(text), file
        assert _name(file).startswith(speak) or not printed.search(text), file


def test_every_file_that_keeps_a_secret_is_listed() -> None:
    """The embedded stack is for development."""
    found = {
        _name(file)
        for file in SOURCES
        if SECRET.search(file.read_text(encoding="utf-8")) and not _name(file).startswith("recourse/stack/")
    }
    assert {row[0].strip("`") for row in _rows("cryptography.md")} == found


def test_no_digest_is_made_by_a_weak_function() -> None:
    found = {
        one or other for file in SOURCES for one, other in DIGESTS.findall(file.read_text(encoding="utf-8"))
    }
    assert found <= {"sha256", "sha512", "blake2b", "new"}
