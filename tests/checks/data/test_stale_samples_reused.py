"""Twin of `stale_samples_reused`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(stale=True, updates=3)
HEALTHY = played(epochs=2)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "stale_samples_reused")
    assert found.first_update == 2
    assert found.data["seen"] > 0.3
