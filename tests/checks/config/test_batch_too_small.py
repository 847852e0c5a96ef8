"""Twin of `batch_too_small`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(minibatch_size=2))
HEALTHY = steady(minibatch_size=32)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "batch_too_small")
    assert "over 2 samples" in found.text
