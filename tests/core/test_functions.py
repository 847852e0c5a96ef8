"""exp, log and tanh of the vector code, against double precision."""

import numpy as np
import pytest

_core = pytest.importorskip("ppodoctor.core._core")


def off(which, exact, x, isa):
    """Largest relative error in units of float32 rounding."""
    x = x.astype(np.float32)
    wanted = exact(x.astype(np.float64))
    return np.max(np.abs(_core.function(isa, which, x) - wanted) / np.maximum(np.abs(wanted), 1e-37)) / 2.0**-24


def test_exponential(instruction_set):
    assert off("e", np.exp, np.linspace(-87, 88, 200_001), instruction_set) < 2.5


def test_logarithm(instruction_set):
    assert off("l", np.log, np.geomspace(1.1, 1e30, 200_001), instruction_set) < 3


def test_hyperbolic_tangent(instruction_set):
    x = np.concatenate([np.linspace(-12, 12, 200_000), np.geomspace(1e-30, 1, 10_000)])
    assert off("t", np.tanh, x, instruction_set) < 7  # torch: 2


@pytest.mark.parametrize(("which", "exact"), [("e", np.exp), ("l", np.log), ("t", np.tanh)])
def test_what_is_not_a_number_stays_one(which, exact, instruction_set):
    x = np.array([np.nan, 1.5, np.nan], np.float32)
    assert np.isnan(_core.function(instruction_set, which, x)).tolist() == [True, False, True]


def test_limits(instruction_set):
    x = np.array([-np.inf, -100, np.inf, 30], np.float32)
    assert _core.function(instruction_set, "e", x)[:2].tolist() == [0, 0]
    np.testing.assert_allclose(_core.function(instruction_set, "t", x), [-1, -1, 1, 1], rtol=0, atol=6e-8)
    assert _core.function(instruction_set, "l", x[2:3]).tolist() == [np.inf]
