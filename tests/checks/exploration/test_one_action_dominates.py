"""Twin of `one_action_dominates`: a run that has it and one that comes near."""

from __future__ import annotations

import numpy as np
from scenarios import failing, steady

SETTLING = np.r_[np.linspace(0.55, 0.999, 20), np.full(40, 0.999)]
SICK = failing(steady(action_mode_share=SETTLING))
HEALTHY = steady(action_mode_share=SETTLING)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "one_action_dominates")
    assert "56% at first" in found.text


def test_one_action_from_the_start_is_the_task_not_a_collapse(evidence):
    assert evidence(failing(steady(action_mode_share=0.99)), "one_action_dominates") == []
