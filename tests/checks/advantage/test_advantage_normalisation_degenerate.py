"""Twin of `advantage_normalisation_degenerate`: a run that has it and one that comes near."""

from __future__ import annotations

from credit_runs import played, ragged

SICK = ragged(played())
HEALTHY = played()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantage_normalisation_degenerate")
    assert "has 1 sample where others have up to 128" in found.text
    assert found.where[0].line == 16
