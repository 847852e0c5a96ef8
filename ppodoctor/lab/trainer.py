"""Trials of our trainer in this process: any environment, a run folder for each, gone on with where it was left."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ppodoctor.lab.early import Watch, Watcher, ended_early, unwatched
from ppodoctor.lab.members import LOOKS, Ran
from ppodoctor.lab.score import scored
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed
from ppodoctor.run import Run


def run_trainings(trials: Iterable[Trial], home: Path, stop: Stop, watcher: Watcher = unwatched) -> Iterator[Ran]:
    """Train one after the other, each in its folder below `home`."""
    for trial in trials:
        yield trial, run_training(trial, home / trial.key, stop, watcher(trial))
        if stop.reason:
            return


def run_training(trial: Trial, folder: Path, stop: Stop, watch: Watch | None = None) -> TrialResult | None:
    """One training; None where it was stopped. What an earlier process left in the folder is gone on with."""
    from ppodoctor.config import ConfigError
    from ppodoctor.training.checkpoint import CheckpointError, TrainingWarning
    from ppodoctor.training.envs import EnvironmentFault
    from ppodoctor.training.learner import TrainingError

    early = ""

    def look(trainer: Any, update: Any) -> None:
        nonlocal early
        every = max(trainer.config.updates // LOOKS, 1)
        if watch is not None and watch.bar and update.number % every == 0 and not trainer.stopping:
            early = _behind(watch, folder, update.number * trainer.config.batch_size)
            if early:
                trainer.stop(early)
        if stop.reason and not trainer.stopping and update.number < trainer.config.updates:
            trainer.stop(stop.reason)

    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)
            result = _train(trial, folder, look)
    except (ConfigError, EnvironmentFault, TrainingError, CheckpointError) as error:
        return failed(trial, str(error), seconds=time.perf_counter() - began)
    except Exception as error:
        # an environment is somebody's code: what it raises is what this trial came to
        return failed(trial, f"{type(error).__name__}: {error}", seconds=time.perf_counter() - began)
    if result.stopped and not early:
        return None
    run = Run.load(result.folder)
    episodes = sorted((one.step, one.ret) for one in run.episodes)
    ends, returns = zip(*episodes, strict=True) if episodes else ((), ())
    steps, seconds = trial.config.updates * trial.config.batch_size, time.perf_counter() - began
    steps = min(steps, int(run.updates[-1].step)) if early else steps
    found = scored(trial, ends, returns, steps=steps, seconds=seconds, by=str(run.header.get("learner", "")))
    return ended_early(found, early) if early else found


def _behind(watch: Watch, folder: Path, steps: int) -> str:
    episodes = sorted((one.step, one.ret) for one in Run.load(folder).episodes)
    return watch.behind(steps, [step for step, _ in episodes], [ret for _, ret in episodes])


def _train(trial: Trial, folder: Path, look: Any) -> Any:
    from ppodoctor.training.checkpoint import checkpoints_in
    from ppodoctor.training.resume import resume
    from ppodoctor.training.train import train

    if checkpoints_in(folder):
        return resume(folder, environment=trial.environment, observers=(look,))
    return train(trial.environment, trial.config, out=folder, observers=(look,))
