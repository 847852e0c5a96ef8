"""Twin of `batch_norm_in_policy`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import steady

SICK = steady().but(parameters=tuple(replace(p, module="BatchNorm1d") for p in steady().run.parameters))
HEALTHY = steady().but(parameters=tuple(replace(p, module="LayerNorm") for p in steady().run.parameters))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "batch_norm_in_policy")
    assert "BatchNorm1d" in found.text
