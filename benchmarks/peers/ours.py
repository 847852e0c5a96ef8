"""This trainer as a peer: `ours.py KIND ENVIRONMENT NUM_ENVS SECONDS SEED [core|dense|torch|native]`.

"native" is the core with environments inside of it. What the others import besides is no part of its start.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from judging import LONGEST, Judge, answer, since_start
from workload import WARM, workload

from ppodoctor.config import PPOConfig
from ppodoctor.core import TASKS
from ppodoctor.training.loop import Trainer
from ppodoctor.training.run_writer import RunWriter


def trainer_for(environment: str, config: PPOConfig, *, by: str) -> Trainer:
    if by == "native":
        from ppodoctor.training.native import NativeEnvs, native_trainer

        return native_trainer(config, NativeEnvs(environment, config.num_envs), "")
    from small_games import GAMES

    from ppodoctor.training.envs import make_envs
    from ppodoctor.training.setup import make_trainer

    return make_trainer(config, make_envs(GAMES.get(environment, environment), config.num_envs), by=by)


def greedy(trainer: Trainer) -> Callable[[Any], Any]:
    """The most probable actions for observations [N, D]."""
    whole = getattr(trainer.learner, "whole", None)
    if whole is not None:
        return whole.predict
    from ppodoctor.training.policy import policy_of

    return lambda seen: policy_of(trainer).actions(seen, deterministic=True)


def steady(trainer: Trainer, seconds: float, warm: int) -> None:
    """Steps per second behind the first updates, the run folder being written as always."""
    writer = RunWriter(Path("run"), trainer)
    began, steps = 0.0, 0
    for update in trainer.run():
        writer.write(update)
        if update.number == warm:
            began, steps = time.perf_counter(), update.step
        elif began and time.perf_counter() - began > seconds:
            break
    answer(steps_per_second=(trainer.steps - steps) / (time.perf_counter() - began), learner=trainer.learner.name)


def solve(trainer: Trainer, seed: int) -> None:
    """Seconds from process start until the judge is content."""
    writer = RunWriter(Path("run"), trainer)
    judge = Judge(greedy(trainer), seed)
    for update in trainer.run():
        writer.write(update)
        if judge.solved(update.step):
            answer(seconds=since_start() - judge.spent, steps=update.step)
            return
    answer(missing=f"not solved in {LONGEST:,} steps")


def main() -> None:
    kind, environment, num_envs, seconds, seed, *rest = sys.argv[1:]
    by = rest[0] if rest else ""
    if by == "native" and environment not in TASKS:
        answer(missing=f"the core steps {', '.join(TASKS)} itself, not {environment}")
        return
    config = workload(kind, int(num_envs), int(seed), environment)
    trainer = trainer_for(environment, config, by=by)
    if by == "native":
        trainer.every = kind == "solve"  # the judge looks at every update; else several are made in one call
    if kind == "steady":
        steady(trainer, float(seconds), WARM.get(environment, WARM[""]))
    elif kind == "solve":
        solve(trainer, int(seed))
    else:
        next(trainer.run())
        answer(seconds=since_start())


if __name__ == "__main__":
    main()
