"""The lab itself: trials in, results out, each run at most once in a folder, whoever works in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ppodoctor.lab.members import Ran, fits_core, run_members
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.store import Store
from ppodoctor.lab.trial import Trial, TrialResult

TRIALS = "trials"
"""Below a lab's folder: what trials left behind, a folder each, by key."""
TICK = 0.2
"""Seconds between two looks for what another process is running."""
Tell = Callable[[Trial, TrialResult], None]


class Lab:
    """Runs trials in one folder.

    Args:
        folder: Holds study.db and, below trials/, what trials left behind.
        workers: Trials side by side; 0 takes one for each core.
        tell: Called for every trial that ended now, for a line of progress.
    """

    def __init__(self, folder: str | Path, *, workers: int = 0, tell: Tell | None = None) -> None:
        self.folder = Path(folder)
        self.workers = workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else workers or 1
        self.tell = tell
        self.store = Store(self.folder)
        self.ran = 0
        """Trials run here, not counting those that were known."""

    def run(self, trials: Sequence[Trial], stop: Stop | None = None) -> list[TrialResult | None]:
        """Results in the order of `trials`; None for one that `stop` left undone, which a later call runs.

        Known results are taken as they are. A trial that another process is running is waited for.

        Raises:
            LabError: the folder cannot be written.
            ConfigError: a trial's settings cannot be.
        """
        stop = stop or Stop()
        by_key = {trial.key: trial for trial in trials}
        known = self.store.results(list(by_key))
        missing = {key: trial for key, trial in by_key.items() if key not in known}
        while missing and not stop.reason:
            mine = [trial for trial in missing.values() if self.store.claim(trial)]
            self._run_mine(mine, stop)
            known |= self.store.results(list(missing))
            missing = {key: trial for key, trial in missing.items() if key not in known}
            if missing and not mine:
                time.sleep(TICK)
        return [known.get(trial.key) for trial in trials]

    def _run_mine(self, trials: Sequence[Trial], stop: Stop) -> None:
        """Run what this process has claimed; what did not end is given back."""
        claimed = {trial.key for trial in trials}
        try:
            for trial, result in self._ended(trials, stop):
                if result is not None:
                    self.store.finish(result)
                    claimed.discard(result.key)
                    self.ran += 1
                    if self.tell is not None:
                        self.tell(trial, result)
        finally:
            for key in claimed:
                self.store.release(key)

    def _ended(self, trials: Sequence[Trial], stop: Stop) -> Iterator[Ran]:
        members = [trial for trial in trials if fits_core(trial)]
        trainings = [trial for trial in trials if not trial.command and trial not in members]
        scripts = [trial for trial in trials if trial.command]
        if members:
            yield from run_members(members, self.workers, stop)
        if trainings:
            from ppodoctor.lab.trainer import run_trainings

            yield from run_trainings(trainings, self.folder / TRIALS, stop)
        if scripts:
            from ppodoctor.lab.scripts import run_scripts

            yield from run_scripts(scripts, self.folder / TRIALS, self.workers, stop)

    def close(self) -> None:
        """Close the study's file."""
        self.store.close()
