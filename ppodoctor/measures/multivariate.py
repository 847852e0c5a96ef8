"""Read a multivariate normal policy, as torch.distributions.MultivariateNormal computes its log-probability.

The quadratic form is the squared length of x with L x = action - mean, solved by back-substitution; L is the Cholesky
factor of the covariance.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np

from ppodoctor.measures.graph import Graph

Array = Any
SOLVE = "LinalgSolveTriangular"


def mean_scale_and_action(
    graph: Graph, square: int
) -> Optional[Tuple[Optional[Array], Optional[Array], Optional[Array]]]:
    """([B, d], [d] or [B, d], [B, d]) mean, standard deviation and action of the density that squares node `square`.

    The standard deviation is None where components are correlated, mean and action where the layer's result was not
    kept. None for any other density.
    """
    solve = graph.behind_shapes(graph.nodes[square].inputs[0])
    if graph.op(solve) != SOLVE:
        return None
    difference = graph.behind_shapes((*graph.nodes[solve].inputs, -1, -1)[1])
    factor, solved = graph.saved(solve, "self"), graph.operand(square, 0)
    if graph.op(difference) != "Sub" or factor is None or solved is None or factor.ndim != solved.ndim:
        return None
    left, right = (*graph.nodes[difference].inputs, -1)[:2]
    mean = graph.value(right if left < 0 else left)
    if factor.ndim != 3:
        return None
    if mean is None:
        return None, _scale(factor), None
    # [factors, d, rows of each] to [B, d]
    apart = np.moveaxis(factor @ solved, 2, 0).reshape(-1, factor.shape[-1])
    if mean.size != apart.size:
        return None
    mean = mean.reshape(apart.shape)
    return mean, _scale(factor), mean + apart if left < 0 else mean - apart


def _scale(factor: Array) -> Optional[Array]:
    """[d] (or [B, d]) from Cholesky factors that are diagonal."""
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    rest = factor - diagonal[..., None] * np.eye(factor.shape[-1])
    if np.abs(rest).max() > 1e-6 * np.abs(diagonal).max():
        return None
    return np.asarray(diagonal[0] if len(diagonal) == 1 else diagonal)
