"""Twin of `observation_index_fed_as_number`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scenarios import failing, steady, with_env, with_readings

from ppodoctor.records import SpaceFacts


def numbered(reading):
    """The first layer sees the index of one of 16 states."""
    states = np.arange(256).reshape(-1, 1) % 16
    return replace(reading, policy_inputs=states.astype(float))


SICK = with_env(with_readings(failing(steady()), numbered), observation=SpaceFacts("Discrete", (), n=16))
HEALTHY = with_env(steady(), observation=SpaceFacts("Discrete", (), n=4))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "observation_index_fed_as_number")
    assert "16 numbered states" in found.text
