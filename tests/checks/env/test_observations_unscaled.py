"""Twin of `observations_unscaled`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady, with_readings

SICK = with_readings(failing(steady()), lambda r: replace(r, policy_inputs=r.policy_inputs * [1, 1, 900, 1]))
HEALTHY = with_readings(steady(), lambda r: replace(r, policy_inputs=r.policy_inputs * [1, 1, 9, 1]))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observations_unscaled")
    assert "component 2" in found.text


def test_names_tiny_observations_too(evidence):
    tiny = with_readings(SICK, lambda r: replace(r, policy_inputs=r.policy_inputs * 1e-7))
    (found,) = evidence(tiny, "observations_unscaled")
    assert "nearly the same" in found.text
