"""Twin of `entropy_bonus_too_large`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady, with_readings


def weighted(coefficient):
    """Another coefficient of the entropy."""
    return lambda r: replace(
        r, terms=tuple(replace(t, coefficient=coefficient) if t.kind == "entropy" else t for t in r.terms)
    )


SICK = with_readings(failing(steady(entropy=0.69, entropy_share=1.0)), weighted(-1.0))
HEALTHY = with_readings(steady(), weighted(-0.02))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "entropy_bonus_too_large")
    assert "counts 1 times" in found.text
