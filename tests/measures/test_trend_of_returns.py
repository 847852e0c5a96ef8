"""The learning status of return curves whose story is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ppodoctor.measures.returns import Budget, learning, task_episodes
from ppodoctor.records import EnvFacts, EpisodeRecord, UpdateRecord
from ppodoctor.run import Run

UPDATES, STEPS = 100, 100_000


def made(returns: Sequence[float], *, updates: int = UPDATES, steps: int = STEPS, random: Sequence[float] = ()) -> Run:
    """A run with these returns, evenly spread."""
    count = len(returns)
    episodes = [
        EpisodeRecord(steps * (k + 1) // count, 0, 0, float(v), float(v), 20, True, False, updates * (k + 1) // count)
        for k, v in enumerate(returns)
    ]
    rows = [UpdateRecord(k + 1, steps * (k + 1) // updates, 0.1 * k) for k in range(updates)]
    env = EnvFacts(0, cls="Env", steps=steps, baseline={"random": [float(v) for v in random]} if len(random) else {})
    return Run(None, updates=tuple(rows), episodes=tuple(episodes), envs=(env,))


def around(levels: Sequence[float], noise: float = 5.0, seed: int = 0) -> np.ndarray:
    """Levels with noise."""
    return np.asarray(levels, float) + noise * np.random.default_rng(seed).standard_normal(len(levels))


RISING = around(np.linspace(20, 200, 300))
FLAT = around([20] * 300)
RANDOM = around([20] * 30, seed=9)
STORIES = {
    "improving": RISING,
    "learned": around([*np.linspace(20, 200, 100), *[200] * 300]),
    "flat": FLAT,
    "collapsed": around([*np.linspace(20, 200, 150), *[22] * 150]),
    "anti": around([*np.linspace(20, -40, 100), *[-40] * 200]),
}


@pytest.mark.parametrize("status", sorted(STORIES))
def test_a_story_is_read_with_and_without_random_play(status):
    assert learning(made(STORIES[status])).status == status
    assert learning(made(STORIES[status], random=RANDOM)).status == status


@pytest.mark.parametrize("status", sorted(STORIES))
@pytest.mark.parametrize("change", [lambda r: r - 1500, lambda r: 1e-6 * r, lambda r: 1e4 * r + 7])
def test_no_level_and_no_scale_means_anything(status, change):
    assert learning(made(change(STORIES[status]), random=change(RANDOM))).status == status


@pytest.mark.parametrize("seed", range(20))
def test_a_flat_curve_is_never_called_learning_or_collapsed(seed):
    flat = around([20] * 300, seed=seed)
    assert learning(made(flat, random=around([20] * 30, seed=100 + seed))).status == "flat"


def test_a_walk_that_comes_back_is_no_collapse():
    assert learning(made(around([*np.linspace(20, 200, 150), 100, 80, 60, *np.linspace(60, 220, 100)]))).works


def test_a_short_flat_run_is_young():
    assert learning(made(FLAT[:20], updates=4, steps=4000)).status == "too_young"


def test_three_episodes_say_nothing():
    found = learning(made([1.0, 2.0, 3.0]))
    assert found.status == "too_young"
    assert "3 episodes" in found.text


def test_no_episode_in_a_long_run_leaves_it_unknown():
    assert learning(made([])).status == "unknown"


def test_reward_per_step_tells_when_episodes_do_not_end():
    run = made([])
    rewards = around(np.linspace(-5, -1, UPDATES), noise=0.3)
    rows = [UpdateRecord(k + 1, 1000 * k, 0.0, reward_mean=float(v)) for k, v in enumerate(rewards)]
    found = learning(Run(None, updates=tuple(rows), envs=run.envs))
    assert found.status == "improving"


def test_better_than_random_from_the_start_is_not_learning():
    assert learning(made(around([30] * 300), random=RANDOM)).status == "flat"


def test_a_steady_return_far_above_random_has_been_learned():
    assert learning(made(around([200] * 300), random=RANDOM)).status == "learned"


def test_the_task_with_most_episodes_counts():
    run = made(RISING)
    other = EnvFacts(1, cls="Other", steps=10)
    few = [EpisodeRecord(k, 1, 0, -1e9, -1e9, 5, True, False) for k in range(5)]
    both = Run(None, updates=run.updates, episodes=(*run.episodes, *few), envs=(*run.envs, other))
    assert len(task_episodes(both)) == len(RISING)
    assert learning(both).status == "improving"


def test_evaluation_episodes_do_not_count():
    run = made(FLAT)
    tested = [EpisodeRecord(STEPS, 1, 0, 500.0, 500.0, 5, True, False, UPDATES) for _ in range(300)]
    envs = (*run.envs, EnvFacts(1, cls="Env", role="evaluate"))
    assert learning(Run(None, updates=run.updates, episodes=(*run.episodes, *tested), envs=envs)).status == "flat"


def test_the_budget_is_an_argument():
    short = made(FLAT[:40], updates=10, steps=5000)
    assert learning(short).status == "too_young"
    assert learning(short, budget=Budget(episodes=10, updates=5, steps=1000)).status == "flat"
