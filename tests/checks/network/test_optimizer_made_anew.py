"""Twin of `optimizer_made_anew`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import LINE, steady

from ppodoctor.records import OptimizerFacts

SICK = steady().but(optimizers=tuple(OptimizerFacts(k, "Adam", LINE, [], 16) for k in range(30)))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "optimizer_made_anew")
    assert "30 optimizers" in found.text
