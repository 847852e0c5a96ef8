"""The lab itself: trials in, results out, each run at most once in a folder, whoever works in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ppodoctor.lab.early import Watcher, unwatched
from ppodoctor.lab.members import Ran, fits_core, run_members
from ppodoctor.lab.sqlite import LabError
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.store import Store
from ppodoctor.lab.trial import Trial, TrialResult

TRIALS = "trials"
"""Below a lab's folder: what trials left behind, a folder each, by key."""
TICK = 0.2
"""Seconds between two looks for what another process is running."""
Tell = Callable[[Trial, TrialResult], None]


class Executor(Protocol):
    """Runs trials somewhere else, such as on a cluster."""

    @property
    def slots(self) -> int:
        """Trials side by side."""

    def run(self, trials: Iterable[Trial], home: Path, stop: Stop, watcher: Watcher) -> Iterator[Ran]:
        """Trials as they end, what they left below `home`; None for one that `stop` interrupted."""


class Lab:
    """Runs trials in one folder.

    Args:
        folder: Holds study.db and, below trials/, what trials left behind.
        workers: Trials side by side; 0 takes one for each core.
        tell: Called for every trial that ended now, for a line of progress.
        executor: Runs all trials; None runs them on this machine.
        storage: URL of a PostgreSQL database to keep results in; empty for a file in the folder.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        workers: int = 0,
        tell: Tell | None = None,
        executor: Executor | None = None,
        storage: str = "",
    ) -> None:
        self.folder = Path(folder)
        self._workers = workers or cores()
        self.tell = tell
        self.executor = executor
        self.store = Store(self.folder, storage)
        self.ran = 0
        """Trials run here, not counting those that were known."""

    @property
    def workers(self) -> int:
        """Trials side by side."""
        return self._workers if self.executor is None else self.executor.slots

    def run(
        self,
        trials: Sequence[Trial],
        stop: Stop | None = None,
        *,
        wait: bool = True,
        watcher: Watcher = unwatched,
    ) -> list[TrialResult | None]:
        """Results in the order of `trials`; None for one that `stop` left undone, which a later call runs.

        Known results are taken as they are. A trial that another process is running is waited for, or left to it
        (None) without `wait`. What `watcher` gives for a trial when it begins may end it early.

        Raises:
            LabError: the folder cannot be written.
            ConfigError: a trial's settings cannot be.
        """
        stop = stop or Stop()
        by_key = {trial.key: trial for trial in trials}
        known = self.store.results(list(by_key))
        missing = {key: trial for key, trial in by_key.items() if key not in known}
        while missing and not stop.reason:
            begun = self._run_missing(list(missing.values()), stop, watcher)
            known |= self.store.results(list(missing))
            missing = {key: trial for key, trial in missing.items() if key not in known}
            if not wait:
                break
            if missing and not begun:
                time.sleep(TICK)
        return [known.get(trial.key) for trial in trials]

    def _run_missing(self, trials: Sequence[Trial], stop: Stop, watcher: Watcher) -> int:
        """Run what can be claimed; what did not end is given back. How many were begun?"""
        mine: set[str] = set()
        begun = 0
        try:
            for trial, result in self._ended(trials, mine, stop, watcher):
                begun += 1
                if result is not None:
                    self.store.finish(result)
                    mine.discard(result.key)
                    self.ran += 1
                    if self.tell is not None:
                        self.tell(trial, result)
        finally:
            for key in mine:
                with suppress(LabError):  # a claim that stays ends with this process
                    self.store.release(key)
        return begun

    def _ended(self, trials: Sequence[Trial], mine: set[str], stop: Stop, watcher: Watcher) -> Iterator[Ran]:
        """Trials as they end, by the executor that takes them."""
        if self.executor is not None:
            yield from self.executor.run(self._claimed(trials, mine), self.folder / TRIALS, stop, watcher)
            return
        scripts = [trial for trial in trials if trial.command]
        members = [trial for trial in trials if fits_core(trial)]
        trainings = [trial for trial in trials if not trial.command and trial not in members]
        if members:
            yield from run_members(self._claimed(members, mine), self.workers, stop, watcher)
        if trainings:
            from ppodoctor.lab.trainer import run_trainings

            yield from run_trainings(self._claimed(trainings, mine), self.folder / TRIALS, stop, watcher)
        if scripts:
            from ppodoctor.lab.scripts import run_scripts

            yield from run_scripts(self._claimed(scripts, mine), self.folder / TRIALS, self.workers, stop, watcher)

    def _claimed(self, trials: Sequence[Trial], mine: set[str]) -> Iterator[Trial]:
        """Those that this process may run, each claimed in the moment in which it is taken: others share the rest."""
        for trial in trials:
            if self.store.claim(trial):
                mine.add(trial.key)
                yield trial

    def close(self) -> None:
        """Close the study's file."""
        self.store.close()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
