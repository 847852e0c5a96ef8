"""Twin of `sub_environments_identical`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import steady, with_rollouts


def first(rollout):
    """[T, N] resets at the first row and every fiftieth one."""
    return np.broadcast_to((np.arange(len(rollout.reward)) % 50 == 0)[:, None], rollout.reward.shape)


TOGETHER = {"obs": lambda r: np.repeat(r.obs[:, :1], 4, axis=1), "reset_before": first}


SICK = with_rollouts(steady(), **TOGETHER)
HEALTHY = with_rollouts(steady(), obs=lambda r: np.where(first(r)[..., None], 0.5, r.obs), reset_before=first)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "sub_environments_identical")
    assert "all 4 copies" in found.text


def test_a_task_with_one_start_is_no_fault(evidence):
    same_start = with_rollouts(SICK, obs=lambda r: np.where(r.reset_before[..., None], 0.5, r.obs))
    assert evidence(same_start, "sub_environments_identical") == []


def test_copies_that_have_had_fewer_episodes_are_compared_as_far_as_they_go(evidence):
    def began(rollout):
        starts = np.array(first(rollout))
        starts[:, 0] &= np.arange(len(starts)) == 0  # the first copy has never ended
        return starts

    (found,) = evidence(with_rollouts(SICK, reset_before=began), "sub_environments_identical")
    assert "all 4 copies begin their first" in found.text
