"""What a child process of the script counts: nothing of its environments reaches the parent's recorder from there.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import json
import os
import sys
import time
import weakref
from pathlib import Path
from typing import Any, Dict, List, Optional

_FILE = "environments.json"
_EVERY = 64
_PROCESSES = 64
"""Children that leave their counts; later ones are like them."""
_SECONDS = 2.0


class Worker:
    """Counts the environment calls of this process and writes them to <folder>/environments.json now and then."""

    def __init__(self, folder: Optional[Path]) -> None:
        self.counts: Dict[str, Any] = {"pid": os.getpid(), "parent": os.getppid(), "steps": 0, "resets": 0, "cls": ""}
        self._folder = folder
        self._due = time.monotonic() + 0.5
        self._finalizer()

    def step(self, door: Any, fn: Any, env: Any, args: Any, kwargs: Any) -> Any:
        """Make the script's outermost step and count it."""
        door.trace = []
        try:
            return fn(env, *args, **kwargs)
        finally:
            door.trace = None
            door.resets = False
            self.counts["steps"] += 1
            if self.counts["steps"] % _EVERY == 1:
                self._look(env)

    def reset(self, env: Any) -> None:
        """One outermost reset happened."""
        self.counts["resets"] += 1
        self._look(env)

    def write(self) -> None:
        """Write the counts; a disk that refuses is not this process's business."""
        if self._folder is None or self.counts["pid"] != os.getpid() or not self.counts["steps"]:
            return
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            if not self._folder.exists() and len(os.listdir(self._folder.parent)) >= _PROCESSES:
                self._folder = None  # a script may fork anew for every rollout
                return
            self._folder.mkdir(exist_ok=True)
            partial = self._folder / f".{_FILE}"
            partial.write_text(json.dumps(self.counts), encoding="utf-8")
            os.replace(partial, self._folder / _FILE)
        except OSError:
            self._folder = None

    def _look(self, env: Any) -> None:
        self.counts["cls"] = f"{type(env).__module__}.{type(env).__qualname__}"
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _SECONDS
            self.write()

    def _finalizer(self) -> None:
        """Multiprocessing ends its children without atexit; it runs finalizers, but those made after its fork only."""
        util: Any = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self.write, exitpriority=10)
            util.register_after_fork(self, lambda worker: util.Finalize(None, worker.write, exitpriority=10))


def read_workers(folder: Path) -> List[Dict[str, Any]]:
    """What the children of a run wrote, one entry per process; torn files are left out."""
    found = []
    for path in sorted((folder / "workers").glob(f"*/{_FILE}")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return found


def follow_forks(tap: Any) -> None:
    """Make a forked child's copy of `tap` a mere worker: the recorder's files belong to the parent."""
    reference = weakref.ref(tap)

    def before() -> None:
        alive = reference()
        if alive is not None and alive.recorder is not None:
            alive.recorder.flush()  # what waits in a buffer would be written by the child once more

    def in_child() -> None:
        alive = reference()
        if alive is not None:
            folder = None if alive.recorder is None else alive.recorder.folder / "workers" / str(os.getpid())
            alive.recorder = None
            alive.become_worker(folder)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_child=in_child)
