"""Trials of somebody's script: each in a process of its own under the watcher, its output kept in its folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ppodoctor.lab.early import Watch, Watcher, unwatched
from ppodoctor.lab.members import Ran
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed

TICK = 0.1
GRACE = 10.0
"""Seconds that a script gets to end after it was asked to."""
TRIAL, WATCH, RESULT, OUTPUT, RUN = "trial.json", "watch.json", "result.json", "output.txt", "run"
"""In a trial's folder: what is run, what ends it early, what came of it, what the
script printed, what the watcher saw."""


@dataclass
class _Running:
    trial: Trial
    folder: Path
    process: subprocess.Popen[bytes]


def run_scripts(
    trials: Iterable[Trial], home: Path, workers: int, stop: Stop, watcher: Watcher = unwatched
) -> Iterator[Ran]:
    """Run commands, so many side by side; those that `stop` interrupts are yielded without a result."""
    waiting, running = iter(trials), list[_Running]()
    try:
        while True:
            while len(running) < max(workers, 1) and not stop.reason:
                trial = next(waiting, None)
                if trial is None:
                    break
                running.append(_start(trial, home, watcher(trial)))
            if not running:
                return
            if stop.reason:
                _end([one.process for one in running])
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                yield one.trial, _result(one, stopped=bool(stop.reason))
            time.sleep(TICK)
    finally:
        _end([one.process for one in running])


def _start(trial: Trial, home: Path, watch: Watch) -> _Running:
    folder = home / trial.key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT).unlink(missing_ok=True)
    (folder / WATCH).write_text(json.dumps(asdict(watch)), encoding="utf-8")
    (folder / TRIAL).write_text(json.dumps(trial.to_dict(), default=str), encoding="utf-8")
    # A session of its own: Ctrl-C reaches this process alone, which then ends the script in good order.
    with open(folder / OUTPUT, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ppodoctor.lab.worker", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": _path()},
            start_new_session=True,
        )
    return _Running(trial, folder, process)


def _path() -> str:
    """Where this very ppodoctor is found; the worker takes the entry off again before the script starts."""
    ours = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([ours, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask the workers, which end their scripts; after a while end whatever is left of each, by its own group."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    until = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _result(one: _Running, *, stopped: bool) -> TrialResult | None:
    try:
        return TrialResult.from_dict(json.loads((one.folder / RESULT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        pass
    if stopped:
        return None
    how = one.process.returncode
    what = f"was ended by {signal.Signals(-how).name}" if how < 0 else f"returned {how}"
    return failed(one.trial, f"the process that ran it {what}; its output is in {one.folder / OUTPUT}", by="script")
