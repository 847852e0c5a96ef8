"""Noise at its rarest values: a draw of exactly 0 must not choose what is not allowed."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces

from ppodoctor.training.dense_heads import FORBIDDEN, head_of
from ppodoctor.training.spaces import action_facts


class Zeros:
    """A generator whose exponential draws are 0, as one in 10^8 is."""

    def standard_exponential(self, shape, dtype):
        return np.zeros(shape, dtype)


@pytest.mark.parametrize("space", [spaces.Discrete(2), spaces.MultiDiscrete([2, 2])])
def test_a_draw_of_zero_chooses_no_forbidden_action(space):
    head = head_of(action_facts(space))
    dimensions = len(action_facts(space).sizes)
    noise = head.noise(Zeros(), (2 * dimensions, 1))
    assert np.isfinite(noise).all()
    noise[1::2] = -5.0  # the rare draw is that of the first choice, which is not allowed
    outputs = np.array([[FORBIDDEN], [0.0]] * dimensions, np.float32)
    assert (np.ravel(head.draw(outputs, None, noise)) == 1).all()
