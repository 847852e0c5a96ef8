"""Twin of `evaluation_without_normaliser`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import Scenario, steady, with_env


def evaluated(layers) -> Scenario:
    """A second environment that never trains."""
    made = with_env(steady(), layers=("SyncVectorEnv", "NormalizeObservation", "CartPoleEnv"))
    return made.but(envs=(*made.run.envs, replace(made.run.envs[0], stream=1, role="evaluate", layers=layers)))


SICK = evaluated(("TimeLimit", "CartPoleEnv"))
HEALTHY = evaluated(("NormalizeObservation", "CartPoleEnv"))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "evaluation_without_normaliser")
    assert "training normalises" in found.text
