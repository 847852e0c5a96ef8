"""Twin of `done_inverted`: a run that has it and one that comes near."""

from __future__ import annotations

import pytest
from credit_runs import played

SICK = played(variant="done_inverted")
HEALTHY = played(lam=0.0)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "done_inverted")
    assert "wrong way round" in found.text
    assert found.data["gamma"] == pytest.approx(0.99, abs=1e-4)
