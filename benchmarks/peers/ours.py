"""This trainer as a peer: `ours.py KIND ENVIRONMENT NUM_ENVS SECONDS SEED [LEARNER]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from judging import LONGEST, Judge, answer, since_start
from small_games import GAMES
from workload import WARM, workload

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs import make_envs
from ppodoctor.training.loop import Trainer
from ppodoctor.training.policy import policy_of
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.setup import make_trainer


def trainer_for(environment: str, config: PPOConfig, *, by: str) -> Trainer:
    return make_trainer(config, make_envs(GAMES.get(environment, environment), config.num_envs), by=by)


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
    judge = Judge(lambda seen: policy_of(trainer).actions(seen, deterministic=True), seed)
    for update in trainer.run():
        writer.write(update)
        if judge.solved(update.step):
            answer(seconds=since_start() - judge.spent, steps=update.step)
            return
    answer(missing=f"not solved in {LONGEST:,} steps")


def main() -> None:
    kind, environment, num_envs, seconds, seed, *rest = sys.argv[1:]
    config = workload(kind, int(num_envs), int(seed), environment)
    trainer = trainer_for(environment, config, by=rest[0] if rest else "")
    if kind == "steady":
        steady(trainer, float(seconds), WARM.get(environment, WARM[""]))
    elif kind == "solve":
        solve(trainer, int(seed))
    else:
        next(trainer.run())
        answer(seconds=since_start())


if __name__ == "__main__":
    main()
