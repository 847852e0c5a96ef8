"""This trainer with environments inside of the core: `ours_native.py KIND ENVIRONMENT NUM_ENVS SECONDS SEED`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from judging import LONGEST, Judge, answer, since_start
from workload import workload

from ppodoctor.core import TASKS
from ppodoctor.training.native import NativeEnvs, NativeTrainer, native_trainer
from ppodoctor.training.run_writer import RunWriter


def steady(trainer: NativeTrainer, seconds: float) -> None:
    """Steps per second behind the first updates, the run folder being written as always."""
    writer = RunWriter(Path("run"), trainer)
    began, steps = 0.0, 0
    for update in trainer.run():
        writer.write(update)
        if update.number >= 4 and not began:
            began, steps = time.perf_counter(), update.step
        elif began and time.perf_counter() - began > seconds:
            break
    answer(steps_per_second=(trainer.steps - steps) / (time.perf_counter() - began), learner="core, native")


def solve(trainer: NativeTrainer, seed: int) -> None:
    """Seconds from process start until the judge is content, who looks at every update."""
    trainer.every = True
    writer = RunWriter(Path("run"), trainer)
    judge = Judge(trainer.learner.whole.predict, seed)
    for update in trainer.run():
        writer.write(update)
        if judge.solved(update.step):
            answer(seconds=since_start() - judge.spent, steps=update.step)
            return
    answer(missing=f"not solved in {LONGEST:,} steps")


def main() -> None:
    kind, environment, num_envs, seconds, seed = sys.argv[1:]
    if environment not in TASKS:
        answer(missing=f"the core steps {', '.join(TASKS)} itself, not {environment}")
        return
    config = workload(kind, int(num_envs), int(seed))
    trainer = native_trainer(config, NativeEnvs(environment, config.num_envs), "")
    trainer.every = False
    if kind == "steady":
        steady(trainer, float(seconds))
    elif kind == "solve":
        solve(trainer, int(seed))
    else:
        next(trainer.run())
        answer(seconds=since_start())


if __name__ == "__main__":
    main()
