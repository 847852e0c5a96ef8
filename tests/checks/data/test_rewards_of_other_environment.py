"""Twin of `rewards_of_other_environment`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from credit_runs import played
from scenarios import Scenario

SICK = played(reward="neighbour")
HEALTHY = played(reward="neighbour", constant_reward=True)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "rewards_of_other_environment")
    assert "environment before" in found.text


def handed_on(steps: int, copies: int) -> Scenario:
    """Innermost rewards of which the script received those of other places."""
    base = played()
    rollouts = tuple(
        replace(r, raw_reward=np.roll(r.reward, (-steps, -copies), axis=(0, 1))) for r in base.run.rollouts
    )
    return Scenario(replace(base.run, rollouts=rollouts), base.readings)


@pytest.mark.parametrize("copies", [1, 3])
def test_rewards_that_a_vector_environment_hands_to_others(evidence, copies):
    (found,) = evidence(handed_on(0, copies), "rewards_of_other_environment")
    assert f"({copies} places on" in found.text
    assert not evidence(handed_on(0, copies), "rewards_shifted")


def test_rewards_that_a_wrapper_hands_on_late(evidence):
    (found,) = evidence(handed_on(1, 0), "rewards_shifted")
    assert "of the step before" in found.text


def test_innermost_rewards_that_are_received_or_scaled_are_no_fault(evidence):
    assert not evidence(handed_on(0, 0), "rewards_of_other_environment")
    base = played()
    scaled = tuple(replace(r, raw_reward=10 * r.reward) for r in base.run.rollouts)
    assert not evidence(Scenario(replace(base.run, rollouts=scaled), base.readings), "rewards_of_other_environment")
