"""Does it learn? The raw episode returns against the policy it started from and against random play.

Everything is by rank or relative to the run's own spread: no absolute return means anything here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Dict, List, Tuple

import numpy as np

from ppodoctor.measures.trained_steps import of_training, trained_part
from ppodoctor.measures.trend import blocks, compare, finite, median_interval, plateau, spread, trend
from ppodoctor.records import EpisodeRecord
from ppodoctor.run import Run

LEARNED, IMPROVING, FLAT, COLLAPSED = "learned", "improving", "flat", "collapsed"
ANTI, TOO_YOUNG, UNKNOWN = "anti", "too_young", "unknown"
FAILING = (FLAT, COLLAPSED, ANTI)
"""Statuses of a run that does not learn."""

Array = np.ndarray


@dataclass(frozen=True)
class Learning:
    """How the return went."""

    status: str
    text: str
    numbers: Dict[str, Any] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Enough was seen, and it does not learn."""
        return self.status in FAILING

    @property
    def works(self) -> bool:
        """It has learned or is learning."""
        return self.status in (LEARNED, IMPROVING)


@dataclass(frozen=True)
class Budget:
    """How much must have been seen before "it does not learn" may be said.

    A healthy PPO shows a rise on the classic tasks within these (CleanRL's and SB3's published curves); below them
    a flat return means nothing.
    """

    episodes: int = 30
    updates: int = 20
    steps: int = 20_000


@lru_cache(maxsize=16)
def learning(run: Run, *, budget: Budget = Budget(), sure: float = 1e-3) -> Learning:
    """The learning status of a run; `sure` is the p-value below which a change counts."""
    episodes = task_episodes(run)
    if len(episodes) < 8:
        return _without_episodes(run, len(episodes), budget)
    returns = finite([e.ret for e in episodes])
    initial, source = reference(run, episodes)
    late = returns[-max(5, min(len(returns) // 4, 200)) :]
    change, rise = compare(late, initial), trend(blocks(returns, 24))
    peak = _peak(returns)
    numbers: Dict[str, Any] = {
        "episodes": len(returns),
        "initial": _level(initial),
        "late": _level(late),
        "best": peak[0],
        "baseline": source,
        "superiority": change.superiority,
        "p": change.p,
        "trend_p": rise.p,
    }
    status = _status(run, (returns, initial, opening(episodes), late), sure)
    if status == FLAT and not _enough(run, len(returns), budget):
        status = TOO_YOUNG
    return Learning(status, _sentence(status, numbers, run), numbers)


@lru_cache(maxsize=16)
def task_episodes(run: Run) -> Tuple[EpisodeRecord, ...]:
    """Finished training episodes of the task that most of them belong to, in order of their end; no evaluation."""
    tasks = {env.stream: (env.spec_id or env.cls) for env in run.train_envs}
    training = [e for e in run.episodes if not tasks or e.stream in tasks]
    names = [tasks.get(e.stream, "") for e in training]
    if len(set(names)) > 1:
        most = max(set(names), key=names.count)
        training = [e for e, name in zip(training, names) if name == most]
    return of_training(run, tuple(e for e in training if math.isfinite(e.ret)))


def evaluation_episodes(run: Run) -> Tuple[EpisodeRecord, ...]:
    """Finished episodes that were not trained on: of evaluation environments, else between training steps."""
    evaluating = {env.stream for env in run.envs if env.role == "evaluate"}
    apart = tuple(e for e in run.episodes if e.stream in evaluating)
    if apart:
        return apart
    trained = {id(e) for e in task_episodes(run)}
    return tuple(e for e in run.episodes if id(e) not in trained) if trained_part(run) is not None else ()


def reference(run: Run, episodes: Tuple[EpisodeRecord, ...]) -> Tuple[Array, str]:
    """Returns to compare with, and what they are: random play measured in the environment, else the first episodes."""
    random = random_returns(run)
    return (random, "random play") if len(random) >= 5 else (opening(episodes), "the first episodes")


def opening(episodes: Tuple[EpisodeRecord, ...]) -> Array:
    """Returns under the initial policy: episodes that ended before the first update, else the very first ones."""
    first = finite([e.ret for e in episodes if e.update == 0])
    return first if len(first) >= 5 else finite([e.ret for e in episodes[: max(5, len(episodes) // 20)]])


def random_returns(run: Run) -> Array:
    """Returns of uniformly random play measured in a fresh copy of the training environment; empty if unknown."""
    return _baseline(run, "random")


def idle_returns(run: Run) -> Array:
    """Returns of the best constant action (or zero action) measured in a fresh copy; empty if unknown."""
    both = [b for b in (_baseline(run, "zero"), _baseline(run, "constant")) if len(b)]
    return max(both, key=lambda b: float(np.mean(b))) if both else np.zeros(0)


def _baseline(run: Run, name: str) -> Array:
    found = [finite(env.baseline[name]) for env in run.train_envs if env.baseline.get(name) is not None]
    return found[0] if found else np.zeros(0)


def _status(run: Run, parts: Tuple[Array, Array, Array, Array], sure: float) -> str:
    returns, initial, began, late = parts
    change = compare(late, initial)
    if _collapsed(returns, initial, late, sure):
        return COLLAPSED
    own = compare(late, began)
    worse = change.superiority < 0.3 and change.p < sure
    if worse and (own.superiority < 0.4 or change.superiority < 0.1):
        return ANTI
    means = blocks(returns, 24)
    rise = trend(means)
    above = change.superiority > 0.65 and change.p < sure
    if above and change.superiority >= 0.97 and (plateau(means) or _at_limit(run)):
        return LEARNED
    rose = rise.p < 0.01 and rise.tau > 0 and own.superiority > 0.6
    # better than random play alone is not learning: the initial policy may have been so already
    if rose or (own.superiority > 0.65 and own.p < sure):
        return IMPROVING
    return FLAT


def _collapsed(returns: Array, initial: Array, late: Array, sure: float) -> bool:
    """It was better, clearly, and lost most of what it had gained."""
    best, window = _peak(returns)
    base = float(np.median(initial))
    gained, kept = best - base, float(np.median(late)) - base
    if gained <= 2 * max(spread(initial), 1e-12) or len(window) < 5:
        return False
    fell = compare(late, window)
    return kept < 0.5 * gained and fell.superiority < 0.1 and fell.p < sure and compare(window, initial).p < sure


def _peak(returns: Array) -> Tuple[float, Array]:
    """Best mean over a tenth of the episodes (at least 10), and that window."""
    width = min(len(returns), max(10, len(returns) // 10))
    total = np.concatenate([[0.0], np.cumsum(returns)])
    means = (total[width:] - total[:-width]) / width
    at = int(np.argmax(means))
    return float(means[at]), returns[at : at + width]


def _at_limit(run: Run) -> bool:
    """Do the last episodes reach the time limit, which the first ones did not?"""
    ends = [e.truncated and not e.terminated for e in task_episodes(run)]
    part = max(5, len(ends) // 10)
    return len(ends) >= 2 * part and bool(np.mean(ends[-part:]) > 0.5 > np.mean(ends[:part]))


def _enough(run: Run, episodes: int, budget: Budget) -> bool:
    return episodes >= budget.episodes and _updates(run) >= budget.updates and _steps(run) >= budget.steps


def _updates(run: Run) -> int:
    return run.updates[-1].update if run.updates else 0


def _steps(run: Run) -> int:
    seen = [run.updates[-1].step] if run.updates else []
    return max([*seen, sum(env.steps for env in run.train_envs), *(e.step for e in run.episodes[-1:])], default=0)


def _without_episodes(run: Run, count: int, budget: Budget) -> Learning:
    """Too few finished episodes for a verdict: the reward per step may still tell a rise."""
    numbers: Dict[str, Any] = {"episodes": count}
    rewards = finite(run.column("reward_mean"))
    if len(rewards) >= 20:
        rise = trend(blocks(rewards, 24))
        numbers.update(trend_p=rise.p, initial=_level(rewards[:5]), late=_level(rewards[-5:]))
        if rise.p < 0.001 and rise.tau > 0.3:
            text = f"reward per step rises ({_level(rewards[:5]):.3g} to {_level(rewards[-5:]):.3g}); few episodes end"
            return Learning(IMPROVING, text, numbers)
    if count == 0 and _updates(run) >= budget.updates and _steps(run) >= budget.steps:
        return Learning(UNKNOWN, f"no episode ended in {_steps(run)} steps, so no return can be compared", numbers)
    return Learning(TOO_YOUNG, f"{count} episodes have ended: too few to say whether it learns", numbers)


def _level(values: Array) -> float:
    return median_interval(values).estimate


def _sentence(status: str, n: Dict[str, Any], run: Run) -> str:
    levels = f"median return {n['late']:.4g} lately, {n['initial']:.4g} for {n['baseline']}"
    seen = f"({n['episodes']} episodes, {_updates(run)} updates)"
    texts = {
        LEARNED: f"it has learned: {levels} {seen}",
        IMPROVING: f"it is learning: {levels} {seen}",
        FLAT: f"it does not learn: {levels} {seen}",
        COLLAPSED: f"it had learned and lost it: best stretch {n['best']:.4g}, {levels} {seen}",
        ANTI: f"it gets worse than {n['baseline']}: {levels} {seen}",
        TOO_YOUNG: f"too early to say whether it learns: {levels} {seen}",
    }
    return texts[status]


def smoothed(run: Run, count: int = 60) -> List[float]:
    """Block means of the task's returns, for a sparkline or a curve."""
    return [float(v) for v in blocks([e.ret for e in task_episodes(run)], count)]
