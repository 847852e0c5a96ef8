"""Twin of `observations_shifted`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from credit_runs import played
from scenarios import Scenario

from ppodoctor.measures.loss import LossReading, PolicyHead

SICK = played(stored="next")
HEALTHY = played(actions="own", variant="death")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observations_shifted")
    assert "one step before their observation" in found.text


def scaled(late: int, bound: float = 1.0) -> Scenario:
    """Continuous actions in (0, 1), scaled and clipped for the environment; stored are those of `late` steps before."""
    plain, rng = played(), np.random.default_rng(5)
    rollouts = tuple(replace(r, action=rng.uniform(size=(*np.asarray(r.reward).shape, 2))) for r in plain.run.rollouts)
    stored = {}
    for rollout in rollouts:
        keys = np.asarray(rollout.obs).reshape(*rollout.reward.shape, 3)
        for t in range(late, len(keys)):
            for n in range(keys.shape[1]):
                stored[keys[t, n].tobytes()] = rollout.action[t - late, n]
    sent = tuple(replace(r, action=np.minimum(r.action, bound) * [2.0, 0.5] - [1.0, 0.0]) for r in rollouts)

    def change(reading: LossReading) -> LossReading:
        action = np.array([stored.get(row.tobytes(), [0.5, 0.5]) for row in reading.policy_inputs])
        return replace(reading, head=PolicyHead("beta", mean=action * 0 + 0.5, std=np.ones(2), action=action))

    return Scenario(replace(plain.run, rollouts=sent), tuple(change(r) for r in plain.readings))


@pytest.mark.parametrize("bound", [1.0, 0.7])
def test_actions_that_are_scaled_for_the_environment_are_compared_as_well(evidence, bound):
    (found,) = evidence(scaled(1, bound), "observations_shifted")
    assert "one step before their observation" in found.text
    assert not evidence(scaled(0, bound), "observations_shifted")
    assert not evidence(scaled(0, bound), "log_prob_of_another_action")
