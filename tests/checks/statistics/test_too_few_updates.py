"""Twin of `too_few_updates`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import steady


def finished(scenario, steps):
    """The script came to its end, with so many steps per update."""
    rows = tuple(replace(row, step=row.update * steps) for row in scenario.run.updates)
    return scenario.but(header={"status": "finished"}, updates=rows)


SICK = finished(steady(updates=5), 10_000)
HEALTHY = finished(steady(updates=5), 1_000)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "too_few_updates")
    assert "5 updates were made" in found.text
