"""Twin of `policy_stays_uniform`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(entropy_share=0.999, entropy=0.692))
HEALTHY = steady(entropy_share=0.999)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "policy_stays_uniform")
    assert "99.9%" in found.text
