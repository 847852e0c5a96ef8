"""Twin of `minibatch_drawn_with_replacement`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import pytest
from credit_runs import on_a_grid, played

from ppodoctor.checks.api import Missing

SICK = played(order="drawn")
HEALTHY = played(epochs=2)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "minibatch_drawn_with_replacement")
    assert "repeat an earlier one" in found.text


def test_steps_that_look_alike_are_counted_together(evidence):
    """Of eight steps with one observation eight uses are right, whichever they are; more are not."""
    (found,) = evidence(on_a_grid(SICK), "minibatch_drawn_with_replacement")
    assert "repeat an earlier one" in found.text
    assert not evidence(on_a_grid(HEALTHY), "minibatch_drawn_with_replacement")
    assert not evidence(on_a_grid(HEALTHY), "samples_dropped")


def test_where_steps_were_not_recorded_alike_ones_are_not_counted(evidence):
    alike = on_a_grid(SICK)
    rows = tuple(replace(row, rollout_steps=10_000) for row in alike.run.updates)
    with pytest.raises(Missing):
        evidence(alike.but(updates=rows), "minibatch_drawn_with_replacement")
