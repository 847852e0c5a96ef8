"""Twin of `clip_range_too_large`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady, with_readings


def clamped(low, high):
    """Other bounds of the clamp on the ratio."""
    return lambda r: replace(r, surrogate=replace(r.surrogate, clip_low=low, clip_high=high))


SICK = with_readings(failing(steady(approx_kl=0.2)), clamped(-4.0, 6.0))
HEALTHY = with_readings(steady(approx_kl=0.2), clamped(0.6, 1.4))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "clip_range_too_large")
    assert "the ratio is clamped to" in found.text
