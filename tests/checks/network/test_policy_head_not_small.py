"""Twin of `policy_head_not_small`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scenarios import PENDULUM, steady, with_readings

SURE = np.log(np.tile([0.999, 0.001], (256, 1)))


SICK = with_readings(steady(), lambda r: replace(r, head=replace(r.head, logits=SURE, action=SURE.argmax(1))))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "policy_head_not_small")
    assert "before any training" in found.text


def test_means_that_differ_from_state_to_state_are_seen(evidence):
    def far(reading):
        mean = np.linspace(-2, 2, len(reading.head.mean))[:, None] + np.zeros_like(reading.head.mean)
        return replace(reading, head=replace(reading.head, mean=mean))

    (found,) = evidence(with_readings(steady(PENDULUM), far), "policy_head_not_small")
    assert "differs from state to state" in found.text
    assert not evidence(steady(PENDULUM), "policy_head_not_small")


def test_masked_actions_are_no_preference(evidence):
    half = np.log(0.5)
    masked = np.tile([half, half, -1e8, -1e8, -1e8, -1e8], (256, 1))
    run = with_readings(steady(), lambda r: replace(r, head=replace(r.head, logits=masked, action=masked.argmax(1))))
    assert not evidence(run, "policy_head_not_small")
