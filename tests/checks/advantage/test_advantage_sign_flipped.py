"""Twin of `advantage_sign_flipped`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played

SICK = played(flipped=True)
HEALTHY = played(normalise="centre")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantage_sign_flipped")
    assert "opposite sign" in found.text
