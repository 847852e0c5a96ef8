"""One trial on the machine that this runs on, whatever kind of trial it is; and what it left behind, as plain bytes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ppodoctor import __version__
from ppodoctor.lab.early import Watch
from ppodoctor.lab.members import fits_core, run_member
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed

FILE_BYTES, ALL_BYTES = 4_000_000, 24_000_000
"""What is sent back of what a trial left: the small files first, as many as these allow."""
Files = dict[str, bytes]
"""Content by path below the trial's folder."""


def run_one(trial: Trial, home: Path, stop: Stop, watch: Watch) -> TrialResult | None:
    """Run a trial by the executor that takes it, its folder below `home`; None where it was stopped."""
    if fits_core(trial):
        return run_member(trial, stop, watch)
    if trial.command:
        from ppodoctor.lab.scripts import run_scripts

        ((_, result),) = run_scripts([trial], home, 1, stop, lambda _: watch)
        return result
    from ppodoctor.lab.trainer import run_training

    return run_training(trial, home / trial.key, stop, watch)


def run_far(trial: Trial, key: str, version: str, watch: Watch) -> tuple[TrialResult, Files]:
    """Run a trial on a machine that shares no folder with whoever asked: its files come back with its result.

    Args:
        trial: What to run.
        key: Its name where it was asked for: another one here means that files differ.
        version: Of the ppodoctor that asked.
        watch: What ends it early.
    """
    if version != __version__:
        reason = f"this machine has ppodoctor {__version__}, {version} asked; install the same on all machines"
        return _as(key, failed(trial, reason)), {}
    if trial.key != key:
        names = ", ".join(word for word in (*trial.command, trial.environment.partition(":")[0]) if "." in word)
        reason = f"what the trial is made of is missing or different on this machine ({names}); share or copy the files"
        return _as(key, failed(trial, reason)), {}
    home = Path(tempfile.mkdtemp(prefix="ppodoctor-trial-"))
    try:
        result = run_one(trial, home, Stop(), watch)
        return result or failed(trial, "it was stopped from outside"), packed(home / key)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as(key: str, result: TrialResult) -> TrialResult:
    return TrialResult.from_dict({**result.to_dict(), "key": key})


def packed(folder: Path) -> Files:
    """The files of a folder, small ones first, as far as the limits allow; links are left out."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    found, total = {}, 0
    for size, path in sorted((path.stat().st_size, path) for path in files):
        total += size
        if size > FILE_BYTES or total > ALL_BYTES:
            break
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def unpack(files: Files, folder: Path) -> None:
    """Write what `packed` gave; a path that leads out of the folder is left out."""
    for name, content in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
