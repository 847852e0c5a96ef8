"""Twin of `advantages_smoothed`: a run that has it and one that comes near."""

from __future__ import annotations

import pytest
from credit_runs import played

SICK = played(smooth=5, envs=1, steps=512)
HEALTHY = played(lam=0.99, envs=1, steps=512)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "advantages_smoothed")
    assert "rows -2 to +2 along time" in found.text
    assert found.data["weights"] == pytest.approx([0.2] * 5, abs=1e-3)


def test_an_average_over_flattened_rows_is_told(evidence):
    (found,) = evidence(played(smooth=3, envs=4, steps=256), "advantages_smoothed")
    assert "all environments one after another" in found.text
    assert found.data["lags"] == [-1, 0, 1]
