"""Twin of `value_head_bounded`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scenarios import failing, steady, with_readings

SICK = with_readings(
    failing(steady()), lambda r: replace(r, value=replace(r.value, prediction=np.tanh(r.value.prediction + 5)))
)
HEALTHY = with_readings(
    steady(),
    lambda r: replace(r, value=replace(r.value, prediction=np.tanh(r.value.prediction), target=r.value.target * 0.04)),
)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "value_head_bounded")
    assert "within [-1, 1]" in found.text


def test_names_a_rectified_head(evidence):
    rectified = with_readings(
        SICK,
        lambda r: replace(
            r, value=replace(r.value, prediction=np.maximum(r.value.target - 20, 0), target=-r.value.target)
        ),
    )
    (found,) = evidence(rectified, "value_head_bounded")
    assert "no prediction is below 0" in found.text
