"""Twin of `rollout_too_short`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(rollout_steps=8, minibatch_size=8, optimizer_steps=4))
HEALTHY = steady(rollout_steps=128)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "rollout_too_short")
    assert "from 8 environment steps" in found.text
