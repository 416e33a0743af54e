"""The shape of the house, held by tests: what workflows may import, and how long a file may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
IMPORT_EVERY_WORKFLOW = """
import importlib, pkgutil, sys, workflows
for module in pkgutil.walk_packages(workflows.__path__, "workflows."):
    importlib.import_module(module.name)
heavy = {"sqlalchemy", "asyncpg", "aiokafka", "structlog", "httpx", "fastapi", "yaml"}
print(" ".join(sorted(heavy & set(sys.modules))))
"""
MAX_LINES = 320
ONE_FILE = "recourse/reading/verify_evidence.py"
"""A program for strangers, who get one file of plain Python and nothing else."""


def test_no_io_library_is_in_the_import_graph_of_the_workflows() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERY_WORKFLOW], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == ""


def test_the_domain_imports_the_standard_library_only() -> None:
    script = (
        "import importlib, pkgutil, sys\n"
        "before = set(sys.modules)\n"
        "import recourse.domain\n"
        "for m in pkgutil.walk_packages(recourse.domain.__path__, 'recourse.domain.'):\n"
        "    importlib.import_module(m.name)\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "known = set(sys.stdlib_module_names) | {'recourse'}\n"
        "print(' '.join(sorted(n for n in new - known if not n.startswith('_sysconfigdata'))))\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == ""


@pytest.mark.parametrize("folder", ["recourse", "workflows", "activities", "consumers"])
def test_a_file_has_one_subject_and_fits_a_reader(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations/versions" not in str(path)
        and path != ROOT / ONE_FILE
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}
