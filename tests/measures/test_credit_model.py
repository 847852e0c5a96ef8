"""The sums backwards in time, against the plainest loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ppodoctor.measures.credit_model import discounted_sum


@given(height=st.integers(1, 70), width=st.integers(1, 3), seed=st.integers(0, 999))
def test_discounted_sums_are_what_a_loop_gives(height, width, seed):
    rng = np.random.default_rng(seed)
    x, carry = rng.normal(size=(height, width, 2)), rng.uniform(0, 1, size=(height, width, 1))
    running, loop = np.zeros((width, 2)), np.zeros_like(x)
    for t in reversed(range(height)):
        running = x[t] + (carry[t] * running if t < height - 1 else 0.0)
        loop[t] = running
    assert np.allclose(discounted_sum(x, carry), loop, atol=1e-12)
