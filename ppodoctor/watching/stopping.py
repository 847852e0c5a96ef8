"""Ends a running command from outside: asked first, signalled only when it does not come."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from ppodoctor.watching.processes import Household, Process, descendants, send


class Stopping:
    """The stages of ending a command; nothing happens before `request` (or a request of the session in the script).

    A file asks it. Not come to a step within `grace` seconds, or not ended so long after it obeyed: SIGINT, as Ctrl-C
    would send. Half of `grace` later SIGTERM, as long again SIGKILL.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], household: Household, grace: float) -> None:
        self.reason: str | None = None
        self.notes: list[str] = []
        self._folder = folder / "watch"
        self._process = process
        self._household = household
        self._grace = grace
        self._obeyed = False
        self._left_at: float | None = None
        self._workers_ended = False
        self._next = 0.0
        self._stages = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]

    def request(self, reason: str) -> None:
        """Ask the command to end at its next step. Only the first reason counts."""
        if self.reason is not None:
            return
        self._begin(reason)
        try:
            partial = self._folder / "stop.parent"
            partial.write_text(reason, encoding="utf-8")
            os.replace(partial, self._folder / "stop")
        except OSError as error:
            self.notes.append(f"the request to stop could not be written ({error.strerror}); the script was signalled")
            self._next = 0.0

    def insist(self) -> None:
        """Somebody wants it ended at once: go on with the signals that end it for sure."""
        if self.reason is None:
            self._begin("interrupted three times")
        if self._stages[:1] == [signal.SIGINT]:
            self._stages.pop(0)
            self._next = 0.0

    def advance(self) -> None:
        """Take the next stage when its time has come."""
        if self.reason is None:
            self._notice_request()
        if self.reason is None:
            return
        now = time.monotonic()
        if not self._obeyed and (self._folder / "stopped.json").exists():
            self._obeyed = True
            self._next = max(self._next, now + self._grace)
        self._end_waited_for(now)
        if now >= self._next and self._stages:
            self._next = now + self._grace / 2
            self._signal(self._stages.pop(0))

    def notice_end(self) -> None:
        """Learn from what is left behind why a command that has ended did so."""
        if self.reason is None:
            self._notice_request()

    def _begin(self, reason: str) -> None:
        self.reason = reason
        self._next = time.monotonic() + self._grace

    def _notice_request(self) -> None:
        """The session in the script asks by itself when it has counted enough updates."""
        with contextlib.suppress(OSError):
            self._begin((self._folder / "stop").read_text(encoding="utf-8") or "asked to stop")

    def _end_waited_for(self, now: float) -> None:
        """End the workers that a script at its exit waits for, when they have had time to end by themselves."""
        try:
            waited_for = json.loads((self._folder / "leaving.json").read_text(encoding="utf-8"))["workers"]
        except (OSError, ValueError):
            return
        if self._left_at is None:
            self._left_at = now
        elif now >= self._left_at + min(1.0, self._grace / 2) and not self._workers_ended:
            self._workers_ended = True
            send({one for one in self._household.members() if one.pid in waited_for}, signal.SIGTERM)

    def _signal(self, signum: signal.Signals) -> None:
        late = "did not end after it was asked" if self._obeyed else "came to no step at which it could end"
        self.notes.append(f"the script {late}: sent {signum.name}")
        if signum == signal.SIGKILL:
            self._process.kill()
            send(self._household.members(), signum)
        elif signum == signal.SIGTERM:
            command = {one for one in descendants(os.getpid()) if one.pid == self._process.pid}
            send(command | self._main(), signum)
        else:
            # The interpreter that trains, not a wrapper around it, which would pass the signal on a second time.
            main = self._main()
            send(main, signum)
            if not main:
                self._process.send_signal(signum)

    def _main(self) -> set[Process]:
        """The process that has the run folder; nobody when it is gone."""
        try:
            pid = int((self._folder / "main.pid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return set()
        return {process for process in descendants(os.getpid()) if process.pid == pid}
