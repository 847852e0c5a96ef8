"""Twin of `parameters_not_in_optimizer`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import failing, steady


def freed(part, **facts):
    """The parameters of one part are in no optimizer."""
    found = steady().run.parameters
    return tuple(replace(p, optimizers=(), **facts) if p.name.startswith(part) else p for p in found)


SICK = failing(steady()).but(parameters=freed("critic"))
HEALTHY = steady().but(parameters=freed("actor", grad_seen=False, role="none"))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "parameters_not_in_optimizer")
    assert "critic.0.weight" in found.text
    assert "2 parameters" in found.text
