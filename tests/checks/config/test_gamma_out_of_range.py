"""Twin of `gamma_out_of_range`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

from ppodoctor.records import Setting

SICK = failing(steady()).but(settings={"gamma": Setting(1.5)})
HEALTHY = steady().but(settings={"gamma": Setting(1.0)})


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gamma_out_of_range")
    assert "gamma = 1.5" in found.text
