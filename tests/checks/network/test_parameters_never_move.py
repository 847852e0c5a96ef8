"""Twin of `parameters_never_move`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady


def resting(part):
    """The parameters of one part stay as they were."""
    return tuple(replace(p, moved=not p.name.startswith(part)) for p in steady().run.parameters)


SICK = failing(steady()).but(parameters=resting("actor"))
HEALTHY = steady().but(parameters=resting("actor.0"))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "parameters_never_move")
    assert "none of the 2 policy parameters" in found.text
