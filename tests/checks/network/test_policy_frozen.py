"""Twin of `policy_frozen`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady, with_readings

SICK = with_readings(
    failing(steady()), lambda r: replace(r, surrogate=replace(r.surrogate, ratio=r.surrogate.ratio**0))
)
HEALTHY = steady(approx_kl=1e-6)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "policy_frozen")
    assert "ratio still is 1" in found.text
