"""Trials of our trainer that the compiled core takes whole, environments and all: side by side on threads."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from ppodoctor.core import TASKS, Learner, NotFinite, misfit, why_not_stepped
from ppodoctor.lab.early import FROZEN, Watch, Watcher, ended_early, unwatched
from ppodoctor.lab.score import scored
from ppodoctor.lab.stop import Stop
from ppodoctor.lab.trial import Trial, TrialResult, failed

CHUNK = 16_384
"""Environment steps between two looks at the stop."""
LOOKS = 20
"""At a training that may be ended early."""
TICK = 0.1
"""Seconds between two looks of the main thread, which is the one that receives signals."""
Ran = tuple[Trial, TrialResult | None]
"""A trial and what it came to; None for one that was stopped before its end."""


def fits_core(trial: Trial) -> bool:
    """Can the core train this with environments of its own, as `train` would?"""
    if trial.command or why_not_stepped(trial.environment, trial.config):
        return False
    task = TASKS[trial.environment]
    return not misfit(trial.config, task.observation_space, task.action_space)


def run_member(trial: Trial, stop: Stop, watch: Watch | None = None) -> TrialResult | None:
    """Train one member in this thread, the interpreter lock released; None where it was stopped."""
    began, config, reason = time.perf_counter(), trial.config, ""
    try:
        learner = Learner(config, TASKS[trial.environment].spec)
        learner.attach(trial.environment)
        look = _Look(learner, watch or Watch())
        parts = LOOKS if look.watch.active else 1
        chunk = max(min(CHUNK, config.total_steps // parts) // config.batch_size, 1)
        while (left := config.updates - learner.core.updates_done) > 0:
            if stop.reason:
                return None
            learner.train(min(chunk, left))
            reason = look.hopeless() if parts > 1 and left > chunk else ""
            if reason:
                break
    except NotFinite as error:
        return failed(trial, f"it diverged: {error}", seconds=time.perf_counter() - began, by="core")
    rows = look.all_episodes()
    steps, seconds = learner.core.updates_done * config.batch_size, time.perf_counter() - began
    result = scored(trial, rows[:, 0], rows[:, 3], steps=steps, seconds=seconds, by="core")
    return ended_early(result, reason) if reason else result


class _Look:
    """What a training has come to so far; the core tells everything once."""

    def __init__(self, learner: Learner, watch: Watch) -> None:
        self.learner, self.watch = learner, watch
        self.episodes: list[Any] = []
        self.moved = not watch.frozen

    def hopeless(self) -> str:
        """Why this training is not worth going on with."""
        done, rows = self.learner.core.updates_done, self.all_episodes()
        if not self.moved:
            self.moved = any(row.approx_kl or row.clip_fraction for row in self.learner.records())
            if not self.moved and done >= FROZEN:
                return f"frozen: in {done} updates no ratio left 1"
        return self.watch.behind(done * self.learner.config.batch_size, rows[:, 0], rows[:, 3])

    def all_episodes(self) -> Any:
        """[episodes, 4] of the core, from the beginning."""
        self.episodes.append(self.learner.core.episodes())
        return np.concatenate(self.episodes)


def run_members(trials: Iterable[Trial], workers: int, stop: Stop, watcher: Watcher = unwatched) -> Iterator[Ran]:
    """Train members on so many threads; each is yielded when it ends. Those not begun when `stop` says so are not."""
    waiting = iter(trials)
    running: dict[Future[TrialResult | None], Trial] = {}
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="member") as pool:
        while True:
            while len(running) < max(workers, 1) and not stop.reason:
                trial = next(waiting, None)
                if trial is None:
                    break
                running[pool.submit(run_member, trial, stop, watcher(trial))] = trial
            if not running:
                return
            ended, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            for future in ended:
                yield running.pop(future), future.result()
