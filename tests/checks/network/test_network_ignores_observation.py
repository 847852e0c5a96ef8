"""Twin of `network_ignores_observation`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scenarios import failing, steady, with_readings


def blind(reading):
    """One policy for all samples."""
    return replace(reading, head=replace(reading.head, logits=np.log(np.full((256, 2), 0.5))))


SICK = with_readings(failing(steady()), blind)
# a last layer of zeros: constant before the first step only
HEALTHY = with_readings(steady(), lambda r: blind(r) if r.version == 0 else r)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "network_ignores_observation")
    assert "the policy network gives the same output" in found.text


def test_a_constant_observation_is_not_the_networks_fault(evidence):
    constant = with_readings(SICK, lambda r: replace(r, policy_inputs=r.policy_inputs * 0 + 1))
    assert evidence(constant, "network_ignores_observation") == []
