"""Twin of `gamma_too_short`: a run that has it and one that comes near."""

from __future__ import annotations

from scenarios import failing, steady

from ppodoctor.records import Setting

SICK = failing(steady()).but(settings={"gamma": Setting(0.3)})
HEALTHY = steady().but(settings={"gamma": Setting(0.9)})


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "gamma_too_short")
    assert "gamma is 0.3" in found.text
