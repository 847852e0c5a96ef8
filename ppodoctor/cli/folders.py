"""Run folders: a readable name for a new one, and which of an old one's processes trained."""

from __future__ import annotations

import datetime
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ppodoctor.cli.statuses import UsageError
from ppodoctor.recorder import numbered_folder
from ppodoctor.run import Run

HOME = Path("runs")
"""Where runs go that were given no folder."""
MARKS = ("run.json", "updates.jsonl", "ending.json")
"""A folder with one of these holds a run."""


def new_folder(command: Sequence[str], out: Path | None) -> tuple[Path, str]:
    """A folder for a new run, made here, and a sentence if it is not where one would look for it.

    Raises:
        UsageError: `out` holds a run already, is a file, or cannot be written.
    """
    if out is not None:
        return _wanted(out), ""
    name = f"{datetime.date.today().isoformat()}-{script_stem(command)}"
    try:
        HOME.mkdir(exist_ok=True)
        return numbered_folder(HOME, name), ""
    except OSError as error:
        folder = Path(tempfile.mkdtemp(prefix=f"ppodoctor-{name}-"))
        return folder, f"Cannot write below {Path.cwd()} ({error.strerror}), so the run goes to {folder}."


def _wanted(out: Path) -> Path:
    if any((out / mark).exists() for mark in MARKS):
        raise UsageError(
            f"{out} already holds a run, which would be overwritten. Choose another folder with --out, "
            f"or read that one again: ppodoctor diagnose {out}"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{out} is a file, a folder was expected. Choose another with --out.") from None
    except OSError as error:
        raise UsageError(f"Cannot write into {out} ({error.strerror}). Choose another folder with --out.") from None
    return out


def script_stem(command: Sequence[str]) -> str:
    """A word for the folder's name: the script's, else the module's, else the program's."""
    from ppodoctor.watching.commands import read_call

    call = read_call(command)
    target = call.target if call is not None and call.kind != "code" else ""
    scripts = [word for word in command if word.endswith(".py")]
    word = target or next(iter(scripts), command[0] if command else "run")
    stem = Path(word).stem or "run"
    if stem == "__main__":
        stem = Path(word).parent.name or stem
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem)[:60].strip("._-") or "run"


def load(folder: Path) -> Run:
    """The run in a folder: of the process that trained, where several were watched.

    Raises:
        RunError: there is none.
    """
    from ppodoctor.watching.launch import trained_in

    return Run.load(trained_in(folder) if folder.is_dir() else folder)


def runs_below(home: Path) -> Iterator[Path]:
    """The run folders directly in `home`, by name."""
    for folder in sorted(home.iterdir()):
        if folder.is_dir() and any((folder / mark).exists() for mark in MARKS):
            yield folder
