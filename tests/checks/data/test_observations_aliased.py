"""Twin of `observations_aliased`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import on_a_grid, played

SICK = played(stored="alias")
HEALTHY = played()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observations_aliased")
    assert "1 different observations among 128 samples" in found.text or "4 different" in found.text


def test_observations_may_be_few_as_long_as_they_are_as_many_as_in_the_rollout(evidence):
    """In a world of cells most rows of a rollout repeat another one."""
    assert evidence(on_a_grid(SICK), "observations_aliased")
    assert not evidence(on_a_grid(HEALTHY), "observations_aliased")
