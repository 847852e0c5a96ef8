"""Twin of `gae_leaks_across_episodes`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="leak")
HEALTHY = played(variant="leak", death=0.0, limit=10**6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gae_leaks_across_episodes")
    assert "running sum is not reset" in found.text
    assert found.where[0].line == 12


def test_where_every_end_is_a_time_limit_only_the_recursion_runs_on(evidence):
    endless = played(variant="truncation_carries", death=0.0, limit=9, every_final=True)
    (found,) = evidence(endless, "gae_leaks_across_episodes")
    assert "running sum is not reset" in found.text
    assert not evidence(endless, "time_limit_ignored")
