"""Beta policies: the distribution as the graph shows it, its log-probability and entropy in closed form.

Chou, Maturana and Scherer 2017, Improving Stochastic Policy Gradients in Continuous Control with Deep Reinforcement
Learning using the Beta Distribution.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.graph import LAYERS, Graph

Array = Any

_SHIFT = 8
"""Steps up before the asymptotic series are used: at 8 they are exact to 1e-12."""


def concentration_and_action(graph: Graph, inside: List[int]) -> Optional[Tuple[Array, Array]]:
    """[.., d, 2] the two parameters and [.., d] the action in (0, 1) of a Beta's log-density among these nodes."""
    for node in inside:
        if graph.op(node) != "Xlogy":
            continue
        less_one, values = graph.saved(node, "self"), graph.saved(node, "other")
        if less_one is None or values is None or less_one.shape != values.shape or less_one.shape[-1] != 2:
            continue
        if np.allclose(values.sum(-1), 1.0, atol=1e-4):
            return np.asarray(less_one, np.float64) + 1.0, np.asarray(values, np.float64)[..., 0]
    return None


def mean_and_std(concentration: Array) -> Tuple[Array, Array]:
    """[.., d] each."""
    a, total = concentration[..., 0], concentration.sum(-1)
    mean = a / total
    return mean, np.sqrt(mean * (1.0 - mean) / (total + 1.0))


def log_prob(concentration: Array, action: Array) -> Array:
    """[.., d] of actions [.., d] in (0, 1)."""
    both = np.stack([action, 1.0 - action], axis=-1)
    with np.errstate(all="ignore"):
        density = ((concentration - 1.0) * np.log(both)).sum(-1)
    return density + _lgamma(concentration.sum(-1)) - _lgamma(concentration).sum(-1)


def entropy(concentration: Array) -> Array:
    """[.., d] in nats, on (0, 1): at most 0, that of the uniform density."""
    total = concentration.sum(-1)
    log_beta = _lgamma(concentration).sum(-1) - _lgamma(total)
    return log_beta + (total - 2.0) * _digamma(total) - ((concentration - 1.0) * _digamma(concentration)).sum(-1)


def is_entropy(graph: Graph, node: int) -> bool:
    """Is everything below a node, down to the layers, the sum that a Beta's entropy is?"""
    names = {graph.op(i) for i in graph.below(node, stop=lambda j: graph.op(j) in LAYERS)}
    return {"Digamma", "Lgamma"} <= names and not names & {"Xlogy", "Gather", "Pow", "MseLoss", "Minimum", "Maximum"}


def _lgamma(x: Array) -> Array:
    shifted = x + _SHIFT
    below = np.log(np.stack([x + k for k in range(_SHIFT)])).sum(0)
    series = 1 / (12 * shifted) - 1 / (360 * shifted**3) + 1 / (1260 * shifted**5)
    return (shifted - 0.5) * np.log(shifted) - shifted + 0.5 * np.log(2 * np.pi) + series - below


def _digamma(x: Array) -> Array:
    shifted = x + _SHIFT
    below = (1 / np.stack([x + k for k in range(_SHIFT)])).sum(0)
    series = 1 / (12 * shifted**2) - 1 / (120 * shifted**4) + 1 / (252 * shifted**6)
    return np.log(shifted) - 0.5 / shifted - series - below
