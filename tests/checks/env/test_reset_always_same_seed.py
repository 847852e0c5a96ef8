"""Twin of `reset_always_same_seed`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from credit_runs import played
from scenarios import PENDULUM, steady, with_env

SICK = with_env(steady(PENDULUM), seeds=(7,) * 64)
HEALTHY = with_env(steady(PENDULUM), seeds=tuple(range(64)))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reset_always_same_seed")
    assert "behind the first have seed 7" in found.text


def test_copies_are_counted_together(evidence):
    copies = with_env(steady(PENDULUM), seeds=(100, 0, 0), resets=3)
    one = copies.run.envs[0]
    several = copies.but(envs=tuple(replace(one, stream=k, seeds=(100 + k, 0, 0)) for k in range(4)))
    (found,) = evidence(several, "reset_always_same_seed")
    assert "12 resets" in found.text


def test_a_seeded_first_reset_is_right(evidence):
    assert evidence(with_env(steady(PENDULUM), seeds=(7, *(None,) * 60)), "reset_always_same_seed") == []


def test_copies_may_each_have_a_seed_of_their_own(evidence):
    copies = with_env(steady(PENDULUM), seeds=(0, 0, 0), resets=3)
    one = copies.run.envs[0]
    several = copies.but(envs=tuple(replace(one, stream=k, seeds=(100 + k, k, k)) for k in range(4)))
    (found,) = evidence(several, "reset_always_same_seed")
    assert "one seed in each of 4 environments" in found.text
    changing = copies.but(envs=tuple(replace(one, stream=k, seeds=(100 + k, k, k + 9)) for k in range(4)))
    assert evidence(changing, "reset_always_same_seed") == []


def starting(start):
    """Eight copies, six short episodes each; `start(episode, copy)` is where an episode starts."""
    scenario = played(envs=8, steps=48, limit=8, death=0.0)
    obs_of = {}
    for rollout in scenario.run.rollouts:
        obs, begun = np.array(rollout.obs), np.asarray(rollout.reset_before)
        for t, n in np.argwhere(begun):
            obs[t, n] = start(obs_of.setdefault(int(n), 0), int(n))
            obs_of[int(n)] += 1
        obs_of[id(rollout)] = obs
    rollouts = tuple(replace(r, obs=obs_of[id(r)]) for r in scenario.run.rollouts)
    return scenario.but(rollouts=rollouts)


def test_starts_tell_of_seeds_that_the_environment_sets_itself(evidence):
    (found,) = evidence(starting(lambda episode, copy: copy), "reset_always_same_seed")
    assert "8 copies of the environment" in found.text


def test_a_fixed_start_and_starts_that_change_are_right(evidence):
    assert evidence(starting(lambda episode, copy: 0.5), "reset_always_same_seed") == []
    assert evidence(starting(lambda episode, copy: copy + episode / 9), "reset_always_same_seed") == []
