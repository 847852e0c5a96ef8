"""Twin of `gae_leaks_across_episodes`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="leak")
HEALTHY = played(variant="leak", death=0.0, limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gae_leaks_across_episodes")
    assert "running sum is not reset" in found.text
    assert found.where[0].line == 12
