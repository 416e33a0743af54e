"""Becomes another program that dies with its parent: `tether.py SIGNAL PARENT_PID UID GID -- PROGRAM …`.

Run as a file, not imported: it stands between the supervisor and each server, so that a `kill -9` of the
supervisor leaves no orphan. The kernel sends SIGNAL when the *thread* that forked us ends, so the supervisor
forks from its main thread only. UID and GID are `-` to stay who we are; the order matters, since changing
the user clears the promise. Where there is no prctl (macOS) the next `up` or `down` ends what was left.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    death_signal, parent, uid, gid, _, *program = sys.argv[1:]
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):  # the parent died before the promise was made
        sys.exit(1)
    for restored in (
        signal.SIGINT,
        signal.SIGPIPE,
    ):  # Python, and a shell's background job, leave them ignored
        signal.signal(restored, signal.SIG_DFL)
    os.execvp(program[0], program)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
