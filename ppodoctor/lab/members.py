"""Trials of our trainer that the compiled core takes whole, environments and all: side by side on threads."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from ppodoctor.core import TASKS, Learner, NotFinite, misfit
from ppodoctor.lab.score import scored
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed

CHUNK = 16_384
"""Environment steps between two looks at the stop."""
TICK = 0.1
"""Seconds between two looks of the main thread, which is the one that receives signals."""
Ran = tuple[Trial, TrialResult | None]
"""A trial and what it came to; None for one that was stopped before its end."""


class _Space:
    """A space as far as `misfit` reads one."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.__dict__.update(facts)


def fits_core(trial: Trial) -> bool:
    """Can the core train this with environments of its own?"""
    if trial.command or trial.environment not in TASKS:
        return False
    config = trial.config
    if config.backend == "torch" or config.frame_stack > 1:
        return False
    observation, action = (_space(facts) for facts in TASKS[trial.environment].spaces())
    return not misfit(config, observation, action)


def _space(facts: dict[str, Any]) -> Any:
    kind = type(facts["kind"], (_Space,), {})
    if facts["kind"] == "Discrete":
        return kind(facts)
    bounds = {name: np.broadcast_to(np.float64(facts[name]), facts["shape"]) for name in ("low", "high")}
    return kind({"shape": tuple(facts["shape"]), "dtype": np.dtype(facts["dtype"]), **bounds})


def run_member(trial: Trial, stop: Stop) -> TrialResult | None:
    """Train one member in this thread, the interpreter lock released; None where it was stopped."""
    began, config = time.perf_counter(), trial.config
    try:
        learner = Learner(config, TASKS[trial.environment].spec)
        learner.attach(trial.environment)
        chunk = max(CHUNK // config.batch_size, 1)
        while (left := config.updates - learner.core.updates_done) > 0:
            if stop.reason:
                return None
            learner.train(min(chunk, left))
    except NotFinite as error:
        return failed(trial, f"it diverged: {error}", seconds=time.perf_counter() - began, by="core")
    rows = learner.core.episodes()
    steps, seconds = config.updates * config.batch_size, time.perf_counter() - began
    return scored(trial, rows[:, 0], rows[:, 3], steps=steps, seconds=seconds, by="core")


def run_members(trials: Iterable[Trial], workers: int, stop: Stop) -> Iterator[Ran]:
    """Train members on so many threads; each is yielded when it ends. Those not begun when `stop` says so are not."""
    waiting = iter(trials)
    running: dict[Future[TrialResult | None], Trial] = {}
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="member") as pool:
        while True:
            while len(running) < max(workers, 1) and not stop.reason:
                trial = next(waiting, None)
                if trial is None:
                    break
                running[pool.submit(run_member, trial, stop)] = trial
            if not running:
                return
            ended, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            for future in ended:
                yield running.pop(future), future.result()
