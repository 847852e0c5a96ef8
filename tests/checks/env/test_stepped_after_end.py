"""Twin of `stepped_after_end`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from credit_runs import played
from scenarios import PENDULUM, steady, with_env, with_rollouts

SICK = with_env(steady(PENDULUM), stepped_after_end=9000)
HEALTHY = with_env(steady(PENDULUM), stepped_after_end=3)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "stepped_after_end")
    assert "9000 of 61440" in found.text


def ending(when):
    """Eight copies whose episodes end at the rows that `when` tells of ([T, 1])."""
    scenario = played(envs=8, steps=128)
    rows = np.arange(128)[:, None]
    return with_rollouts(scenario, terminated=lambda r: np.broadcast_to(when(rows), r.reward.shape))


def test_a_copy_that_ends_again_at_once_was_not_reset(evidence):
    (found,) = evidence(ending(lambda t: t % 60 > 40), "stepped_after_end")
    assert "of its copy" in found.text or "end of their copy" in found.text
    assert not evidence(ending(lambda t: t % 20 == 7), "stepped_after_end")
    assert not evidence(ending(lambda t: t >= 0), "stepped_after_end")  # a task of single steps
