"""How a watched command ended, kept beside the run so that every later report can say it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ppodoctor.reporting.words import clean, one_line, shown_path

FILE = "ending.json"
WORKERS = "workers"
"""A run folder's folder for the processes that are not the main one."""


@dataclass(frozen=True)
class Ending:
    """What the one who watched knows of the end; the run itself only knows what its process lived to write."""

    problem: str = ""
    """Why the script itself failed; empty when it did not."""
    stopped: str = ""
    """Why watching ended it."""
    interrupted: str = ""
    """Name of the signal by which somebody ended it."""
    imported: Sequence[str] = ()
    """Libraries of interest that the command imported."""
    notes: Sequence[str] = ()
    """What the watch could not do."""

    def save(self, folder: Path) -> None:
        """Write it into a run folder. Raises OSError where that is impossible."""
        partial = folder / f".{FILE}"
        partial.write_text(json.dumps(asdict(self), indent=1, default=list), encoding="utf-8")
        os.replace(partial, folder / FILE)


def root_of(folder: Path) -> Path:
    """The run folder of the whole command, given that of one of its processes."""
    return folder.parent.parent if folder.parent.name == WORKERS else folder


def load_ending(folder: Path | None) -> Ending:
    """How the run of this folder ended; from the record of its exception where nobody waited for its end."""
    if folder is None:
        return Ending()
    root = root_of(folder)
    told = _read(root / FILE)
    if told:
        known = {field.name for field in fields(Ending)}
        return Ending(**{name: value for name, value in told.items() if name in known})
    crash = _read(root / "crash.json") or _read(folder / "crash.json")
    return Ending(problem=_crash_text(crash)) if crash else Ending()


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _crash_text(crash: dict[str, Any]) -> str:
    if crash.get("type") == "KeyboardInterrupt":
        return ""
    place = f" ({shown_path(str(crash['file']))}:{crash.get('line')})" if crash.get("file") else ""
    return clean(f"The script failed with {crash.get('type')}: {one_line(crash.get('message', ''), 300)}{place}")
