"""The processes below a watched command: who descends from it, who outlived it. Seen on Linux alone."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
PR_GET_CHILD_SUBREAPER = 37
PAUSE = 0.02


@dataclass(frozen=True)
class Process:
    """A process and its time of birth: a number alone may be given to somebody else."""

    pid: int
    born: int


def _table() -> dict[Process, int]:
    """Every process that still runs, with its parent's number."""
    table = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return {}
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    # the command's name stands in parentheses and may hold anything, parentheses too
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if fields and fields[0] not in "ZX":
                table[Process(int(name), int(fields[19]))] = int(fields[1])
    return table


def descendants(pid: int) -> set[Process]:
    """All that descend from a process, without itself."""
    table = _table()
    found: set[Process] = set()
    parents = {pid}
    while parents:
        children = {process for process, parent in table.items() if parent in parents} - found
        found |= children
        parents = {child.pid for child in children}
    return found


def runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    return any(process.pid == pid for process in _table())


class Household:
    """Becomes the parent of those in a command whose own parent ends, so that they can be told and ended.

    Without it a worker process left behind belongs to nobody we know.
    """

    def __init__(self) -> None:
        self._before: set[Process] = set()
        self._was_reaper = False

    def __enter__(self) -> Household:
        self._before = descendants(os.getpid())
        self._was_reaper = _is_subreaper()
        _set_subreaper(True)
        return self

    def __exit__(self, *_: object) -> None:
        _set_subreaper(self._was_reaper)

    def members(self) -> set[Process]:
        """All processes that descend from us and were not there before."""
        return descendants(os.getpid()) - self._before

    def end(self, patience: float) -> int:
        """End every member: leave it `patience` seconds to go by itself, as many again after SIGTERM, then SIGKILL.

        Returns:
            How many had to be told.
        """
        if not self._gone_within(patience):
            told = self.members()
            send(told, signal.SIGTERM)
            if not self._gone_within(patience):
                send(self.members(), signal.SIGKILL)
                self._gone_within(patience)
            return len(told)
        return 0

    def _gone_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self.members():
            self.bury()
            if time.monotonic() > end:
                return False
            time.sleep(PAUSE)
        self.bury()
        return True

    def bury(self) -> None:
        """Collect the adopted that have ended; our own earlier children are left to whoever waits for them."""
        earlier = {process.pid for process in self._before}
        for pid in _children_of(os.getpid()) - earlier:
            try:
                os.waitpid(pid, os.WNOHANG)
            except OSError:
                continue


def send(processes: set[Process], signum: int) -> None:
    """Send a signal to those that are still there."""
    there = _table()
    for process in processes:
        if process in there:
            try:
                os.kill(process.pid, signum)
            except OSError:
                continue


def _children_of(pid: int) -> set[int]:
    """The direct children, the ended ones too."""
    children: set[int] = set()
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                children |= {int(word) for word in file.read().split()}
    except OSError:
        pass
    return children


def _set_subreaper(wanted: bool) -> None:
    # not Linux: those left behind go to the system, as they would without us
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(wanted), 0, 0, 0)


def _is_subreaper() -> bool:
    value = ctypes.c_int(0)
    try:
        ctypes.CDLL(None).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(value), 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return bool(value.value)
