"""Twin of `reward_sign_flipped`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import PENDULUM, failing, steady, with_rollouts

SICK = with_rollouts(failing(steady(PENDULUM)), reward=lambda r: -r.reward)
HEALTHY = with_rollouts(steady(PENDULUM), reward=lambda r: 0.1 * r.reward + 3)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_sign_flipped")
    assert "opposites" in found.text
