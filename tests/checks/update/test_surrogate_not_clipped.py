"""Twin of `surrogate_not_clipped`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from update_runs import trained
from watching.losses import unclipped, where_form

from ppodoctor.checks.api import NOTE

SICK = trained(unclipped)
HEALTHY = trained(where_form)  # the bounds are in a product computed ahead


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "surrogate_not_clipped")
    assert "no clamp limits the ratio in all 12" in found.text


def test_one_step_for_each_rollout_makes_it_a_note(evidence):
    rows = tuple(replace(row, optimizer_steps=1) for row in SICK.run.updates)
    (found,) = evidence(SICK.but(updates=rows), "surrogate_not_clipped")
    assert found.severity == NOTE
