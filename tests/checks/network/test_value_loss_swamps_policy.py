"""Twin of `value_loss_swamps_policy`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(value_grad_share=0.9999))
HEALTHY = steady(value_grad_share=(0.9999, 0.99))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_loss_swamps_policy")
    assert "99.990%" in found.text
