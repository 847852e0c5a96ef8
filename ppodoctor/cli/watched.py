"""The half of `ppodoctor diagnose` that runs a command: choose a folder, watch, diagnose, tell."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ppodoctor.cli.folders import load, new_folder
from ppodoctor.cli.options import ShowOptions, WatchOptions
from ppodoctor.cli.statuses import UsageError, status_of
from ppodoctor.cli.telling import tell
from ppodoctor.diagnosis import diagnose
from ppodoctor.reporting.ending import Ending
from ppodoctor.reporting.live import EAGER, SPARE, Look, live_view
from ppodoctor.reporting.report import build_report
from ppodoctor.reporting.words import one_line
from ppodoctor.run import Run, RunError
from ppodoctor.watching.baseline import measure_baselines
from ppodoctor.watching.commands import prepare
from ppodoctor.watching.launch import Limits, Outcome, launch

TICK = 0.5
"""Seconds between two looks at the running command."""


def diagnose_command(command: Sequence[str], watch: WatchOptions, show: ShowOptions) -> int:
    """Watch a command to its end or its limit, then diagnose what was recorded. Returns the exit status.

    Raises:
        UsageError: nothing can be watched, or there is no place to record it.
    """
    problem = prepare(command).problem
    if problem:
        raise UsageError(problem)
    folder, remark = new_folder(command, watch.out)
    if not show.quiet:
        _say(*([remark] if remark else []), f"Watching {one_line(shlex.join(command), 200)}, recording into {folder}")
    outcome = _watch(command, folder, watch, show)
    if outcome.problem and not _recorded(folder):
        _clear_away(folder, made_here=watch.out is None)
        raise UsageError(outcome.problem)
    ending = Ending(
        problem=outcome.problem or "",
        stopped=outcome.stopped or "",
        interrupted=outcome.interrupted or "",
        imported=sorted(outcome.imported),
        notes=list(outcome.notes),
    )
    with contextlib.suppress(OSError):  # a full disk: the diagnosis is still told
        ending.save(folder)
    run = _load(folder, command)
    if run.updates and _compare(run):
        run = _load(folder, command)
    report = build_report(run, diagnose(run))
    tell(report, folder, show)
    return status_of(report.verdict, ending.problem)


def _compare(run: Run) -> bool:
    """Measure what simple policies earn in a copy of the environment, where one can be made; was anything measured?"""
    executable = run.header.get("executable")
    if run.folder is None or not executable or not any(env.spec_id for env in run.train_envs):
        return False
    return measure_baselines(run.folder, [executable]) is None


def _say(*sentences: str) -> None:
    for sentence in sentences:
        print(f"ppodoctor: {sentence}", file=sys.stderr, flush=True)


def _watch(command: Sequence[str], folder: Path, watch: WatchOptions, show: ShowOptions) -> Outcome:
    look = Look(folder, load, spare=EAGER if watch.until_sure else SPARE)
    limits = Limits(watch.seconds, watch.updates, look.sure if watch.until_sure else None)
    dumb = os.environ.get("TERM") == "dumb"
    with live_view(sys.stderr, look, quiet=show.quiet, dumb=dumb) as view, _output_to_stderr(show.json == "-"):
        return launch(command, folder, limits, on_tick=view.tick, tick_seconds=TICK)


@contextlib.contextmanager
def _output_to_stderr(wanted: bool) -> Iterator[None]:
    """With `--json -` the script's standard output goes to standard error, so that ours is the JSON alone."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _recorded(folder: Path) -> bool:
    return (folder / "run.json").exists() or any(folder.glob("workers/*/run.json"))


def _clear_away(folder: Path, *, made_here: bool) -> None:
    """Remove the folder of a command of which nothing was recorded, so that it does not show up as a run."""
    if made_here and not (folder / "crash.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # `runs`, when this was to be the first one


def _load(folder: Path, command: Sequence[str]) -> Run:
    """The run, or an empty one for a command that recorded nothing: that, too, is a diagnosis."""
    try:
        return load(folder)
    except RunError:
        return Run(folder=folder, header={"command": list(command)})
