"""Names of processes, so that nobody waits for one that has ended."""

from __future__ import annotations

import functools
import json
import os
import platform
from pathlib import Path


@functools.cache
def _owner(pid: int) -> str:
    return json.dumps([platform.node(), pid, _started(pid)])


def owner() -> str:
    """This process, so that no later one with its number is taken for it."""
    return _owner(os.getpid())


def alive(name: str) -> bool | None:
    """Does the process live that `owner` named? None for one of another machine."""
    host, pid, started = json.loads(name)
    if host != platform.node():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    now = _started(pid)
    return now is None or started is None or now == started


def _started(pid: int) -> int | None:
    """Clock ticks at which a process started; None where the system does not say. -1 for one that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    words = text.rpartition(")")[2].split()
    return -1 if words[0] in ("Z", "X") else int(words[19])
