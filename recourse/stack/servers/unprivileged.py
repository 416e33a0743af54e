"""A server that refuses to be root, when we are root: an existing account, and places it can reach."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from recourse.stack.errors import Missing, StackError
from recourse.stack.process import Account

CANDIDATES: Final = ("postgres", "nobody")
COMMON_GROUND: Final = Path("/var/tmp")  # noqa: S108 - checked below to be ours before anything is put there


def account_for_servers() -> Account:
    """The account `postgres` if the system has it, else `nobody`; no account is ever created."""
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise Missing("an account for PostgreSQL, which refuses to run as root,", "useradd --system postgres")


def hand_over(folder: Path, account: Account) -> None:
    """Makes a data folder and what is in it the account's own."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    folder.chmod(0o700)


def reachable_folder(folder: Path) -> Path:
    """`folder` itself, or what it links to under /var/tmp when the account cannot walk there (a home of mode
    0700).

    The modes of the user's own folders are never widened.
    """
    if folder.is_symlink() or _all_may_enter(folder.parent):
        return folder.resolve()
    stand_in = _own_ground() / f"data-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    stand_in.mkdir(exist_ok=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(stand_in)
    return stand_in


def reachable_copy(root: Path, parts: Sequence[str], *, entry: str) -> Path:
    """The folder `root`, or a copy of its `parts` under /var/tmp that any account can read and execute.

    The parts keep their places relative to each other, since the programs find their libraries that way.
    """
    if all(_all_may_enter(root / part) and _all_may_use(root / part) for part in parts):
        return root
    target = _own_ground() / entry
    if not target.exists():
        draft = Path(tempfile.mkdtemp(prefix=f".{entry}-", dir=target.parent))
        for part in parts:
            shutil.copytree(root / part, draft / part, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        draft.rename(target)
    return target


def _all_may_use(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IROTH for path in folder.rglob("*"))


def _all_may_enter(folder: Path) -> bool:
    existing = [path for path in (folder, *folder.parents) if path.exists()]
    return all(path.stat().st_mode & stat.S_IXOTH for path in existing)


def _own_ground() -> Path:
    ground = COMMON_GROUND / "recourse-stack"
    ground.mkdir(mode=0o755, exist_ok=True)
    found = ground.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
        raise StackError(f"{ground} is not a folder of root's; remove it")
    return ground
