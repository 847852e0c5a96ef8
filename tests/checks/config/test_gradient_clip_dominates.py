"""Twin of `gradient_clip_dominates`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(grad_norm=900.0, grad_norm_after=1e-6, update_size=6e-6))
HEALTHY = steady(grad_norm=(30.0, 6.0))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gradient_clip_dominates")
    assert "from a norm of 900" in found.text
