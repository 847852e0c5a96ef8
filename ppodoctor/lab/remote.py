"""Trials on a Ray cluster: one task for each, results back to this process, which alone writes the study."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ppodoctor import __version__
from ppodoctor.lab.cluster import TOKEN, TOKEN_PATH, Cluster, load_ray
from ppodoctor.lab.early import Watch, Watcher, unwatched
from ppodoctor.lab.members import Ran
from ppodoctor.lab.single import Files, run_far, unpack
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed

TICK = 0.1
TRIES = 3
"""Of a trial whose node or worker is lost, before that is its result."""


@dataclass(frozen=True)
class Needs:
    """What one trial takes of a node; the cluster places it where that is free."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory: float = 0.0
    """Bytes; 0 for not said."""


class RayExecutor:
    """Runs trials on a cluster."""

    def __init__(self, cluster: Cluster, needs: Needs | None = None) -> None:
        self.cluster, self.needs = cluster, needs or Needs()
        ray = load_ray()
        given: dict[str, Any] = {"num_cpus": self.needs.cpus, "num_gpus": self.needs.gpus, "max_retries": TRIES - 1}
        if self.needs.memory:
            given["memory"] = self.needs.memory
        self._task = ray.remote(**given)(_task)

    @property
    def slots(self) -> int:
        """Trials that the nodes of this moment take side by side."""
        return max(int(self.cluster.cpus() / max(self.needs.cpus, 0.01)), 1)

    def run(self, trials: Iterable[Trial], home: Path, stop: Stop, watcher: Watcher = unwatched) -> Iterator[Ran]:
        """Run trials, as many at once as there is place for; those that `stop` interrupts come without a result."""
        ray, waiting = load_ray(), iter(trials)
        running: dict[Any, Trial] = {}
        try:
            while True:
                while len(running) < self.slots and not stop.reason:
                    trial = next(waiting, None)
                    if trial is None:
                        break
                    running[self._task.remote(trial.to_dict(), trial.key, __version__, asdict(watcher(trial)))] = trial
                if not running or stop.reason:
                    return
                for ended in ray.wait(list(running), num_returns=1, timeout=TICK)[0]:
                    trial = running.pop(ended)
                    yield trial, self._result(ended, trial, home)
        finally:
            for task in running:
                ray.cancel(task, force=True)

    def _result(self, ended: Any, trial: Trial, home: Path) -> TrialResult:
        ray = load_ray()
        try:
            facts, files = ray.get(ended)
        except ray.exceptions.RayError as error:
            first = str(error).strip().partition("\n")[0]
            return failed(trial, f"what ran it was lost {TRIES} times ({type(error).__name__}: {first})")
        unpack(files, home / trial.key)
        return TrialResult.from_dict(facts)


def _task(trial: dict[str, Any], key: str, version: str, watch: dict[str, Any]) -> tuple[dict[str, Any], Files]:
    """Runs in a worker of some node. What the trial itself starts is not given the cluster's token."""
    for name in (TOKEN, TOKEN_PATH):
        os.environ.pop(name, None)
    result, files = run_far(Trial.from_dict(trial), key, version, Watch(**watch))
    return result.to_dict(), files
