"""Twin of `updates_stopped_early`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

SICK = failing(steady(optimizer_steps=[16, *[1] * 59], approx_kl=1e-4))
HEALTHY = steady(optimizer_steps=4, approx_kl=1e-3)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "updates_stopped_early")
    assert "takes 1 optimizer steps of the policy (the longest 16)" in found.text
