"""Twin of `action_range_mismatched`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import PENDULUM, failing, steady, with_env, with_rollouts

from ppodoctor.records import SpaceFacts

SICK = with_env(failing(steady(PENDULUM)), action=SpaceFacts("Box", (1,), low=(-200.0,), high=(200.0,)))
HEALTHY = steady(PENDULUM)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "action_range_mismatched")
    assert "of the range -200 to 200" in found.text


def test_names_actions_that_are_all_at_a_bound(evidence):
    far = with_env(SICK, action=SpaceFacts("Box", (1,), low=(5.0,), high=(35.0,)))
    (found,) = evidence(far, "action_range_mismatched")
    assert "at or beyond a bound" in found.text


def test_equal_bounds_are_exact(evidence):
    (found,) = evidence(
        with_env(SICK, action=SpaceFacts("Box", (1,), low=(1.0,), high=(1.0,))), "action_range_mismatched"
    )
    assert found.basis == "exact"


def test_late_rollouts_say_nothing_about_the_start(diagnosed):
    late = with_rollouts(SICK, update=lambda r: r.update + 30, action=lambda r: np.sign(r.action) * 200)
    skipped = {s.check.id: s.missing for s in diagnosed(late).skipped}
    assert "first updates" in skipped["action_range_mismatched"][0]
