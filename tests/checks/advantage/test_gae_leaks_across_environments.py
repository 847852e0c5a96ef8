"""Twin of `gae_leaks_across_environments`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="across_environments")
HEALTHY = played(variant="across_environments", envs=1, limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gae_leaks_across_environments")
    assert "into the next one" in found.text
