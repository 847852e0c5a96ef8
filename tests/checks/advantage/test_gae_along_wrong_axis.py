"""Twin of `gae_along_wrong_axis`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(variant="environments")
HEALTHY = played(variant="environments", envs=1, limit=10**6, death=0.0, lam=0.0)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gae_along_wrong_axis")
    assert "along the environments" in found.text
