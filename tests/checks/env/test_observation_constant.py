"""Twin of `observation_constant`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady, with_rollouts

SICK = with_rollouts(failing(steady()), obs=lambda r: np.ones_like(r.obs), next_obs=lambda r: np.ones_like(r.obs))
HEALTHY = with_rollouts(steady(), obs=lambda r: r.obs * [1, 1, 0, 1], next_obs=lambda r: r.next_obs * [1, 1, 0, 1])


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observation_constant")
    assert "all 4 numbers" in found.text
    assert "2048 steps" in found.text


def test_a_constant_behind_a_running_normaliser(evidence):
    def fading(rollout):
        steps = rollout.first_call + 1 + np.arange(len(rollout.obs))
        return np.broadcast_to(0.01 / steps[:, None, None], rollout.obs.shape)

    (found,) = evidence(with_rollouts(failing(steady()), obs=fading), "observation_constant")
    assert "within 0.01 of 0" in found.text
    assert not evidence(with_rollouts(steady(), obs=lambda r: 1e-3 * r.obs), "observation_constant")


def test_each_copy_has_a_constant_of_its_own(evidence):
    def still(rollout):
        return np.broadcast_to(np.arange(rollout.obs.shape[1])[:, None], rollout.obs.shape)

    (found,) = evidence(with_rollouts(failing(steady()), obs=still), "observation_constant")
    assert "in each of" in found.text
    one_moves = with_rollouts(
        steady(), obs=lambda r: np.where(np.arange(r.obs.shape[1])[:, None] == 0, r.obs, still(r))
    )
    assert not evidence(one_moves, "observation_constant")
