"""Trials of our trainer in this process: any environment, a run folder for each, gone on with where it was left."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ppodoctor.lab.members import Ran
from ppodoctor.lab.score import scored
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed
from ppodoctor.run import Run


def run_trainings(trials: Iterable[Trial], home: Path, stop: Stop) -> Iterator[Ran]:
    """Train one after the other, each in its folder below `home`."""
    for trial in trials:
        yield trial, run_training(trial, home / trial.key, stop)
        if stop.reason:
            return


def run_training(trial: Trial, folder: Path, stop: Stop) -> TrialResult | None:
    """One training; None where it was stopped. What an earlier process left in the folder is gone on with."""
    from ppodoctor.config import ConfigError
    from ppodoctor.training.checkpoint import CheckpointError, TrainingWarning
    from ppodoctor.training.envs import EnvironmentFault
    from ppodoctor.training.learner import TrainingError

    def look(trainer: Any, update: Any) -> None:
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
    if result.stopped:
        return None
    run = Run.load(result.folder)
    episodes = sorted((one.step, one.ret) for one in run.episodes)
    ends, returns = zip(*episodes, strict=True) if episodes else ((), ())
    steps, seconds = trial.config.updates * trial.config.batch_size, time.perf_counter() - began
    return scored(trial, ends, returns, steps=steps, seconds=seconds, by=str(run.header.get("learner", "")))


def _train(trial: Trial, folder: Path, look: Any) -> Any:
    from ppodoctor.training.checkpoint import checkpoints_in
    from ppodoctor.training.resume import resume
    from ppodoctor.training.train import train

    if checkpoints_in(folder):
        return resume(folder, environment=trial.environment, observers=(look,))
    return train(trial.environment, trial.config, out=folder, observers=(look,))
