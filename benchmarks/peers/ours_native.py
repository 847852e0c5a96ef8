"""The compiled core with environments of its own as a peer: `ours_native.py KIND ENVIRONMENT NUM_ENVS SECONDS SEED`."""

from __future__ import annotations

import sys
import time

from judging import LONGEST, Judge, answer, since_start
from workload import workload

from ppodoctor.core import TASKS, Learner


def steady(learner: Learner, seconds: float) -> None:
    """Steps per second behind the first updates, every record read as a run folder would."""
    learner.train(4)
    learner.records(), learner.episodes()
    began, steps = time.perf_counter(), learner.core.steps_taken
    while (spent := time.perf_counter() - began) < seconds:
        learner.train(4)
        learner.records(), learner.episodes()
    answer(steps_per_second=(learner.core.steps_taken - steps) / spent, learner="core, native")


def solve(learner: Learner, seed: int) -> None:
    """Seconds from process start until the judge is content."""
    judge = Judge(learner.predict, seed)
    for _ in range(learner.config.updates):
        learner.train(1)
        if judge.solved(learner.core.steps_taken):
            answer(seconds=since_start() - judge.spent, steps=learner.core.steps_taken)
            return
    answer(missing=f"not solved in {LONGEST:,} steps")


def main() -> None:
    kind, environment, num_envs, seconds, seed = sys.argv[1:]
    if environment not in TASKS:
        answer(missing=f"the core steps {', '.join(TASKS)} itself, not {environment}")
        return
    learner = Learner(workload(kind, int(num_envs), int(seed)), TASKS[environment].spec)
    learner.attach(environment)
    if kind == "steady":
        steady(learner, float(seconds))
    elif kind == "solve":
        solve(learner, int(seed))
    else:
        learner.train(1)
        answer(seconds=since_start())


if __name__ == "__main__":
    main()
