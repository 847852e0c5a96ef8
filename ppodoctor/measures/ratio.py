"""The probability ratio in the graph: where it is, how it is formed, and which way up it stands."""

from __future__ import annotations

from typing import Optional, Tuple

from ppodoctor.measures.graph import LAYERS, SHAPING, Graph
from ppodoctor.measures.multivariate import SOLVE

_AROUND = frozenset({"Prod", "Sum", "Mean", "Clamp", "ClampMin", "ClampMax", "Neg"})
"""What may stand between a ratio and its exponential: sums over action dimensions, bounds, a sign."""


def ratio_form(graph: Graph, node: int) -> Tuple[str, bool, bool]:
    """How the ratio is formed, whether it is old / new, and whether the old side carries a gradient."""
    if node < 0:
        return "none", False, False
    core = ratio_core(graph, node)
    op, inputs = graph.op(core), graph.nodes[core].inputs
    if op == "Exp":
        return _exponent(graph, core)
    if op == "Div":
        left, right = (*inputs, -1)[:2]
        return "quotient", left < 0, left >= 0 and right >= 0
    if op == "Mul" and any(graph.op(i) == "Reciprocal" for i in inputs):
        return "quotient", True, False
    if op in ("Sub", "Rsub") and not _is_density(graph, core):
        return "log_difference", op == "Rsub" or inputs[0] < 0, len(inputs) > 1 and inputs[0] >= 0 and inputs[1] >= 0
    if op in ("Softmax", "Gather"):
        return ("probability" if _from_softmax(graph, core) else "none"), False, False
    return "none", False, False


def ratio_core(graph: Graph, node: int) -> int:
    """The exponential or quotient that forms a ratio, below shaping, sums and products over action dimensions."""
    for _ in range(12):
        op, inputs = graph.op(node), graph.nodes[node].inputs
        if not inputs or inputs[0] < 0 or not (op in SHAPING or op in _AROUND):
            return node
        node = inputs[0]
    return node


def ratio_side(graph: Graph, left: int, right: int) -> Optional[Tuple[int, int]]:
    """Of two factors with gradients, which is the ratio (an exponential or quotient of policy outputs)."""
    kinds = [graph.op(ratio_core(graph, strip(graph, side)[0])) for side in (left, right)]
    sides = ((left, right, kinds[0], kinds[1]), (right, left, kinds[1], kinds[0]))
    for ratio, other, kind, other_kind in sides:
        if kind == "Exp" and other_kind not in ("Exp", "Softmax"):
            return ratio, other
    for ratio, other, kind, other_kind in sides:
        if kind == "Div" and other_kind not in ("Exp", "Div", "Softmax"):
            return ratio, other
    if "Softmax" in kinds or "Exp" in kinds:
        return None  # p log p: an entropy
    for ratio, other, _, _ in sides:
        if _has_log_prob(graph, ratio) and not _has_log_prob(graph, other):
            return ratio, other
    return None


def strip(graph: Graph, node: int) -> Tuple[int, float]:
    """Below operations that only move numbers, and the sign of the negations passed."""
    sign = 1.0
    while graph.op(node) in SHAPING or graph.op(node) == "Neg":
        if graph.nodes[node].inputs[0] < 0:
            break
        sign *= -1.0 if graph.op(node) == "Neg" else 1.0
        node = graph.nodes[node].inputs[0]
    return node, sign


def _has_log_prob(graph: Graph, node: int) -> bool:
    return any(
        graph.op(i) in ("Gather", "LogSoftmax", "Logsumexp")
        for i in graph.below(node, stop=lambda j: graph.op(j) in LAYERS)
    )


def _is_density(graph: Graph, difference: int) -> bool:
    """Is a difference one log-density (a Beta's, or several normals'), of which the right side is the normalisation?"""
    sides = [
        {graph.op(i) for i in graph.below(side, stop=lambda j: graph.op(j) in LAYERS)}
        for side in graph.nodes[difference].inputs
        if side >= 0
    ]
    if len(sides) < 2:
        return False
    beta = "Xlogy" in sides[0] and "Xlogy" not in sides[1] and "Lgamma" in sides[1]
    return beta or (SOLVE in sides[0] and SOLVE not in sides[1])


def _from_softmax(graph: Graph, node: int) -> bool:
    return any(graph.op(i) == "Softmax" for i in graph.below(node, stop=lambda j: graph.op(j) in LAYERS)) and not any(
        graph.op(i) == "Log" for i in graph.below(node, stop=lambda j: graph.op(j) in LAYERS)
    )


def new_log_prob(graph: Graph, node: int) -> int:
    """The new log-probability inside the ratio at `node`; `node` itself where no old one stands beside it."""
    core = ratio_core(graph, node)
    if graph.op(core) == "Exp":
        if _exponent(graph, core)[0] != "exp_difference":
            return node
        core = _difference(graph, core)[0]
    if graph.op(core) not in ("Sub", "Rsub", "Add", "Div"):
        return node
    return next((child for child in graph.nodes[core].inputs if child >= 0), node)


def _difference(graph: Graph, core: int) -> Tuple[int, bool]:
    """The node under an exponential, below sums, bounds and signs; and whether an odd number of signs was passed."""
    below, negated = graph.nodes[core].inputs[0], False
    for _ in range(16):
        op, inputs = graph.op(below), graph.nodes[below].inputs if below >= 0 else ()
        if op == "Neg":
            negated, below = not negated, inputs[0]
        elif op in SHAPING or op in ("Sum", "Clamp", "ClampMin", "ClampMax", "Mean"):
            below = inputs[0]
        else:
            break
    return below, negated


def _exponent(graph: Graph, core: int) -> Tuple[str, bool, bool]:
    below, negated = _difference(graph, core)
    op, inputs = graph.op(below), graph.nodes[below].inputs if below >= 0 else ()
    if op == "Sub":
        left, right = inputs[0], inputs[1] if len(inputs) > 1 else -1
        if left >= 0 and right >= 0:
            return _two_sided(graph, left, right, negated)
        return "exp_difference", (left < 0) != negated, False
    if op == "Rsub":
        return "exp_difference", not negated, False
    if op == "Add":
        return "exp_difference", negated, False
    return "probability", negated, False


def _two_sided(graph: Graph, left: int, right: int, negated: bool) -> Tuple[str, bool, bool]:
    """Both sides of the difference carry a gradient: a log-density's normalisation, or an old side not detached."""
    if graph.parameters(left) == graph.parameters(right) and graph.op(right) not in (
        "Logsumexp",
        "Log",
        "Accumulate",
        "Expand",
    ):
        both = [set(graph.head_layers(side)) for side in (left, right)]
        if both[0] != both[1] or graph.op(left) == graph.op(right):
            return "exp_difference", negated, True
    return "probability", negated, False
