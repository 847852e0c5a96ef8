"""Commands that run in turns of a moment each: a shared machine's changing speed meets all of them alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SLICE = 0.5
"""Seconds of a turn: many turns in a drift of the machine's speed, few cold caches."""
_POLL = 0.01


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it took."""

    status: int
    wall: float
    """Seconds during which it was let run."""
    cpu: float
    """User and system seconds of it and of all its processes."""
    memory_mib: float
    """Largest resident memory of any of them."""


class Turns:
    """A command in a process group of its own, stopped whenever it is not its turn."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], log: Path) -> None:
        self._command = list(command)
        self._cwd = cwd
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._wall = 0.0
        self.ended: Ended | None = None

    def take(self, seconds: float) -> None:
        """Run for so long, or to the end."""
        began = time.perf_counter()
        pid = self._resume()
        while self.ended is None and time.perf_counter() - began < seconds:
            time.sleep(_POLL)
            done, status, used = os.wait4(pid, os.WNOHANG)
            if done:
                self._wall += time.perf_counter() - began
                per_mib = 1024 if sys.platform != "darwin" else 1024 * 1024  # macOS counts bytes, others KiB
                code = os.waitstatus_to_exitcode(status)
                self.ended = Ended(code, self._wall, used.ru_utime + used.ru_stime, used.ru_maxrss / per_mib)
                assert self._process is not None
                self._process.returncode = code
        if self.ended is None:
            os.killpg(pid, signal.SIGSTOP)
            self._wall += time.perf_counter() - began

    def end(self) -> None:
        """End it, whatever it is doing."""
        if self._process is not None and self.ended is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _resume(self) -> int:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGCONT)
            return self._process.pid
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return self._process.pid


def run_in_turns(commands: Sequence[Turns]) -> list[Ended]:
    """Run all to their ends, a slice of each in turn; none is left behind when this is interrupted."""
    try:
        while any(one.ended is None for one in commands):
            for one in commands:
                if one.ended is None:
                    one.take(SLICE)
    finally:
        for one in commands:
            one.end()
    return [one.ended for one in commands if one.ended is not None]
