"""Twin of `evaluation_disagrees`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import Scenario, steady


def evaluated(level) -> Scenario:
    """Thirty evaluation episodes late in the run, on a stream of their own."""
    made = steady()
    env = replace(made.run.envs[0], stream=1, role="evaluate")
    tested = [replace(e, stream=1, ret=level + k) for k, e in enumerate(made.run.episodes[-30:])]
    return made.but(envs=(*made.run.envs, env), episodes=(*made.run.episodes, *tested))


SICK = evaluated(20.0)
HEALTHY = evaluated(400.0)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "evaluation_disagrees")
    assert "evaluation episodes return" in found.text
