"""The processes below a watched command: who descends from it, who outlived it. Seen on Linux alone."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
PR_GET_CHILD_SUBREAPER = 37
PAUSE = 0.02

_lock = threading.Lock()
_open: list[Household] = []
_was_reaper: list[bool] = []


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


class Household:
    """Becomes the parent of those in a command whose own parent ends, so that they can be told and ended.

    Without it a worker process left behind belongs to nobody we know. A mark in the environment, handed down from
    the command to all below it, tells its processes from any others that we start meanwhile.
    """

    def __init__(self, mark: str) -> None:
        self._mark = mark.encode()
        self._seen: set[int] = set()

    def __enter__(self) -> Household:
        with _lock:
            if not _open:
                _was_reaper[:] = [_is_subreaper()]
                _set_subreaper(True)
            _open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        with _lock:
            _open.remove(self)
            if not _open:
                _set_subreaper(_was_reaper.pop())

    def members(self) -> set[Process]:
        """All processes that descend from us and bear the mark."""
        members = {process for process in descendants(os.getpid()) if self._mark in _environment(process.pid)}
        self._seen |= {process.pid for process in members}
        return members

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
        """Collect the adopted that have ended. For the time when the command itself has been waited for."""
        for pid in self._seen & _children_of(os.getpid()):
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


def send(processes: set[Process], signum: int) -> None:
    """Send a signal to those that are still there."""
    there = _table()
    for process in processes:
        if process in there:
            try:
                os.kill(process.pid, signum)
            except OSError:
                continue


def _environment(pid: int) -> set[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return set(file.read().split(b"\0"))
    except OSError:
        return set()


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
