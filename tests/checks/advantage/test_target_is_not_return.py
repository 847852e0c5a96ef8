"""Twin of `target_is_not_return`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(target="advantage")
HEALTHY = played(target="monte_carlo")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "target_is_not_return")
    assert "value targets equal GAE" in found.text
    assert found.where[0].line == 15
