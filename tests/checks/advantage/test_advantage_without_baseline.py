"""Twin of `advantage_without_baseline`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(baseline=False)
HEALTHY = played(lam=1.0)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantage_without_baseline")
    assert "advantages equal" in found.text
