"""What the parent tells the processes of a watched command: a file in the run folder, named by one variable."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER_VARIABLE = "PPODOCTOR_WATCH"
"""Holds the run folder. A path alone, so that an interpreter that never trains has nothing to parse."""


@dataclass(frozen=True)
class Wishes:
    """What was asked for, the same in every process of the command.

    Attributes:
        command: The user's command, word by word, as given.
        updates: Stop after so many policy updates; None for no limit. The session counts and calls `request_stop`.
        seconds: Stop after so many seconds of wall time; None for no limit. The parent keeps this clock.
        bounded: Whether any limit was set, also one that only the parent can see.
        keeper: Process id of the parent; None when watching in process.
        options: What the parent wants the session to know besides; JSON values.
    """

    command: tuple[str, ...] = ()
    updates: int | None = None
    seconds: float | None = None
    bounded: bool = False
    keeper: int | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def save(self, root: Path) -> None:
        """Write `watch/settings.json` below a run folder."""
        (root / "watch").mkdir(parents=True, exist_ok=True)
        (root / "watch" / "settings.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, root: Path) -> Wishes:
        """Read `watch/settings.json`; the empty wishes when it is missing or damaged."""
        try:
            facts = json.loads((root / "watch" / "settings.json").read_text(encoding="utf-8"))
            return cls(**{**facts, "command": tuple(facts["command"])})
        except (OSError, ValueError, TypeError, KeyError):
            return cls()


@dataclass(frozen=True)
class Settings:
    """What one process of the command gets: the wishes, and where it is to write.

    Attributes:
        root: The run folder of the whole command.
        folder: Where this process writes: `root` for the first process that imported a library of interest,
            `root/workers/PID` for a process of multiprocessing and for every later one.
        worker: Whether this is a process of multiprocessing (spawned, forked or of its fork server).
        wishes: What was asked for.
    """

    root: Path
    folder: Path
    worker: bool = False
    wishes: Wishes = Wishes()


def worker_folder(root: Path) -> Path:
    """Where this process writes when another has the run folder itself. Not made here: it may never write."""
    return root / "workers" / str(os.getpid())


def forget_earlier(root: Path) -> None:
    """Remove what an earlier watch left in this run folder to steer or to report its processes."""
    for name in ("main.pid", "stop", "stopped.json", "leaving.json", "events.jsonl", "settings.json"):
        (root / "watch" / name).unlink(missing_ok=True)
    (root / "crash.json").unlink(missing_ok=True)


def claim_file(root: str | Path) -> str:
    """Holds the number of the process that writes in the run folder itself."""
    return os.path.join(root, "watch", "main.pid")


def claim(root: Path) -> bool:
    """Whether this process has the run folder: the first that asks gets it, and keeps it through an exec."""
    path = claim_file(root)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        with open(path, encoding="ascii") as claimed:
            return claimed.read().strip() == str(os.getpid())
    except OSError:
        return True  # a disk that takes no file holds no claim of another either
    with os.fdopen(file, "w") as new:
        new.write(str(os.getpid()))
    return True
