"""Twin of `reward_scale_too_small`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady, with_readings

SICK = with_readings(
    failing(steady()), lambda r: replace(r, surrogate=replace(r.surrogate, advantage=r.surrogate.advantage * 1e-3))
)
HEALTHY = with_readings(
    steady(), lambda r: replace(r, surrogate=replace(r.surrogate, advantage=r.surrogate.advantage * 0.1))
)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "reward_scale_too_small")
    assert "entropy coefficient of 0.01" in found.text
