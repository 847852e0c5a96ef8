"""Twin of `observation_outside_space`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import steady, with_rollouts

SICK = with_rollouts(steady(), obs=lambda r: r.obs * [100, 1, 1, 1])
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observation_outside_space")
    assert "outside of the declared bounds" in found.text
