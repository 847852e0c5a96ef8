"""Twin of `discount_not_as_configured`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import argued, played

SICK = played(gamma=0.9)
HEALTHY = argued(played(gamma=0.9), "--gamma", "0.9")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "discount_not_as_configured")
    assert "gamma is 0.9 in the advantages" in found.text
    assert "gamma = 0.99 (my_ppo.py:3)" in found.text
