"""`make check`: build the wheel, install it in a fresh environment outside the checkout, and use it there.

An import that works only because the checkout is the current folder, or a YAML file that was not packed, is
found here and nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from recourse.stack import running
from tests import supply
from tests.emptied import as_login

ROOT = Path(__file__).parent.parent
UV = ROOT / ".venv" / "bin" / "uv"
PACKS = (
    "from recourse.packs.recipients import recipients; assert recipients(); "
    "from recourse.packs.masks import masks; assert masks(); "
    "from recourse.packs.retention import retention_rules; assert retention_rules(); "
    "from recourse.packs.loader import load_packs; from recourse.packs.render import render; "
    "book = load_packs(); assert book.laws and book.strategies; "
    "assert render('reminder_friendly', 'sms', 'zh-CN', dict.fromkeys("
    "('name','lender','amount','oldest_due','dpd','pay_reference','phone','opt_out'), 'x')).body"
)
PAGES = (
    "from recourse.web.pages.assets import assets; from recourse.web.pages.language import LANGUAGES; "
    "from recourse.web.pages.rendering import environment; assert assets(); "
    "assert all(environment(one).get_template('case.html') for one in LANGUAGES)"
)
LETTERS = (
    "from datetime import date; from importlib.resources import files; "
    "from recourse.packs.letters import letter_kinds, write; assert letter_kinds(); "
    "assert write('reminder_firm', 'zh', dict.fromkeys(('name','address','lender','lender_address','amount',"
    "'oldest_due','dpd','pay_reference','phone'), 'x') | {'on': date(2026, 1, 1)}, contact='x'); "
    "packed = {f.name for part in ('fonts', 'paper') for f in (files('recourse.packs') / part).iterdir()}; "
    "assert {'NotoSansSC-Regular.ttf', 'NotoSans-Regular.ttf', 'NotoSansSC-OFL.txt', 'NotoSans-OFL.txt', "
    "'letter.typ', 'bundle.typ', 'statements.yaml'} <= packed"
)


def _run(*command: str | Path, cwd: Path, **env: str) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, env=os.environ | env)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        _run(UV, "build", "--quiet", "--wheel", "--out-dir", away, cwd=ROOT)
        [wheel] = away.glob("*.whl")
        environment = away / "env"
        _run(UV, "venv", "--quiet", "--python", sys.executable, environment, cwd=away)
        _run(UV, "pip", "install", "--quiet", "--python", environment, f"{wheel}[stack,letters]", cwd=away)
        _run(environment / "bin" / "recourse", "--help", cwd=away)
        _run(environment / "bin" / "python", "-c", PACKS, cwd=away)
        _run(environment / "bin" / "python", "-c", LETTERS, cwd=away)
        _run(environment / "bin" / "python", "-c", PAGES, cwd=away)
        print(supply.check(environment / "bin" / "python"), flush=True)  # noqa: T201
        async with running(away / "stack", servers=("postgres",), ends=()) as addresses:
            url = {"RECOURSE_DATABASE_URL": addresses.database_url}
            _run(environment / "bin" / "recourse", "db", "upgrade", cwd=away, **url)
            app = {"RECOURSE_DATABASE_URL": as_login(addresses.database_url, "recourse_app")}
            _run(environment / "bin" / "recourse", "db", "check", cwd=away, **app)


if __name__ == "__main__":
    asyncio.run(main())
