"""Twin of `entropy_collapsed`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady

SICK = failing(steady(entropy_share=np.r_[1.0, 0.6, 0.2, np.full(57, 0.01)], entropy=0.01))
HEALTHY = steady(entropy_share=(1.0, 0.02))


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "entropy_collapsed")
    assert "from update 4 on" in found.text
