"""Twin of `value_function_blind`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(explained_variance=-0.02))
HEALTHY = steady(explained_variance=(-0.4, 0.6))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_function_blind")
    assert "explained variance is -0.02" in found.text
