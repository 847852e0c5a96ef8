"""Twin of `value_clip_too_tight`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady, with_readings


def clipped(reach):
    """Value clipping in a run whose critic is off by hundreds."""
    return lambda r: replace(r, value=replace(r.value, clipped=True, clip_range=reach, target=r.value.target + 60.0))


SICK = with_readings(failing(steady()), clipped(0.2))
HEALTHY = with_readings(steady(), clipped(10.0))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_clip_too_tight")
    assert "times what the value clip" in found.text
