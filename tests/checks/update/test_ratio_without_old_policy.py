"""Twin of `ratio_without_old_policy`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from update_runs import trained
from watching.losses import policy_gradient, standard

from ppodoctor.checks.api import NOTE

SICK = trained(policy_gradient)
HEALTHY = trained(standard)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "ratio_without_old_policy")
    assert "log p(a)" in found.text
    assert "no old policy" in found.text


def test_one_step_for_each_rollout_makes_it_a_note(evidence):
    rows = tuple(replace(row, optimizer_steps=1) for row in SICK.run.updates)
    (found,) = evidence(SICK.but(updates=rows), "ratio_without_old_policy")
    assert found.severity == NOTE
