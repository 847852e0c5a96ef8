"""Read the value term: which error, of which prediction against which target, in which shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.graph import LAYERS, SHAPING, Graph
from ppodoctor.measures.loss import ValueLoss
from ppodoctor.measures.terms import Link, RawTerm, picked, positions

Array = Any
BOUNDED = ("Tanh", "Sigmoid", "Relu")
_ERRORS = {
    "MseLoss": "squared",
    "SmoothL1Loss": "smooth_l1",
    "HuberLoss": "huber",
    "L1Loss": "absolute",
    "Abs": "absolute",
}


@dataclass
class _Error:
    """One elementwise error below a value term."""

    kind: str
    node: int
    prediction: int
    target: Optional[Array]
    target_node: int
    shape: Tuple[int, ...]
    clamp: int = -1
    rows: Optional[Array] = None
    """Samples picked by an index between the difference and the square."""


def find_value(graph: Graph, terms: List[RawTerm], taken: Optional[int]) -> Tuple[Optional[int], Optional[ValueLoss]]:
    """The term that is the value loss (its index) and its reading. `taken` is the surrogate's index."""
    best: Tuple[float, Optional[int], Optional[ValueLoss]] = (0.0, None, None)
    for number, term in enumerate(terms):
        if number == taken:
            continue
        node = term.last.node
        errors = _errors(graph, node)
        plain = next((e for e in errors if e.clamp < 0), errors[0] if errors else None)
        if plain is None or (plain.prediction < 0 and plain.target is None):
            continue
        score = _score(graph, plain)
        if score > best[0]:
            best = (score, number, _describe(graph, plain, errors, term.last))
    return best[1], best[2]


def _score(graph: Graph, error: _Error) -> float:
    """A value loss regresses one number per sample, straight from a layer, on data."""
    if error.prediction < 0:
        return 0.0
    heads = graph.head_layers(error.prediction)
    if not heads:
        return 0.0
    score = 1.0
    widths = [_width(graph, head) for head in heads]
    if any(width == 1 for width in widths):
        score += 1.0
    if _direct(graph, error.prediction):
        score += 1.0
    return score


def _width(graph: Graph, layer: int) -> Optional[int]:
    result = graph.saved(layer, "result")
    if result is not None:
        return int(result.shape[-1])
    out = graph.nodes[layer].attrs.get("out")
    return int(out[-1]) if out else None


def _direct(graph: Graph, node: int) -> bool:
    return graph.op(graph.behind_shapes(node)) in LAYERS


def _errors(graph: Graph, node: int) -> List[_Error]:
    """The elementwise errors of a term: one, or two under a maximum (value clipping)."""
    op, inputs = graph.op(node), graph.nodes[node].inputs
    if op in ("Maximum", "Minimum"):
        return [e for child in inputs if child >= 0 for e in _errors(graph, child)]
    if op in SHAPING or op in ("Neg", "Mean", "Sum"):
        return _errors(graph, inputs[0]) if inputs and inputs[0] >= 0 else []
    if op in ("Mul", "Div") and not _square(graph, node):
        child = next((c for c in inputs if c >= 0), -1)
        return _errors(graph, child) if child >= 0 and sum(c >= 0 for c in inputs) == 1 else []
    if op in _ERRORS and op != "Abs":
        return [_fused(graph, node)]
    if _square(graph, node) or op == "Abs":
        return [_difference(graph, node)]
    if op == "Where":
        return [e for child in inputs if child >= 0 for e in _errors(graph, child)][:1]
    return []


def _square(graph: Graph, node: int) -> bool:
    op, inputs = graph.op(node), graph.nodes[node].inputs
    if op == "Pow":
        return graph.nodes[node].attrs.get("exponent") in (2, 2.0)
    return op == "Mul" and len(inputs) == 2 and inputs[0] == inputs[1] and inputs[0] >= 0


def _fused(graph: Graph, node: int) -> _Error:
    """F.mse_loss and its kin: prediction and target are both saved."""
    left, right = (*graph.nodes[node].inputs, -1)[:2]
    own, other = graph.saved(node, "self"), graph.saved(node, "target")
    kind = _ERRORS[graph.op(node)]
    shape = tuple(own.shape) if own is not None else ()
    if left < 0 or (right >= 0 and not _direct(graph, left) and _direct(graph, right)):
        return _Error(kind, node, right, _unspread(own), left, shape, _clamp(graph, right))
    return _Error(kind, node, left, _unspread(other), right, shape, _clamp(graph, left))


def _clamp(graph: Graph, prediction: int) -> int:
    """The clamp between a prediction and its layers, or -1."""
    if prediction < 0:
        return -1
    below = graph.below(prediction, stop=lambda j: graph.op(j) in LAYERS)
    return next((i for i in below if graph.op(i) == "Clamp"), -1)


def _difference(graph: Graph, node: int) -> _Error:
    """(V - R)^2 written out: the difference is saved, the target follows from it and the prediction."""
    child = graph.nodes[node].inputs[0]
    rows = None
    while graph.op(child) in SHAPING or graph.op(child) == "Neg":
        if graph.nodes[child].inputs[0] < 0:
            break
        rows = positions(graph.saved(child, "indices0")) if graph.op(child) == "Index" else rows
        child = graph.nodes[child].inputs[0]
    residual = graph.operand(node, 0)
    shape = tuple(residual.shape) if residual is not None else ()
    kind = "absolute" if graph.op(node) == "Abs" else "squared"
    if graph.op(child) not in ("Sub", "Add", "Rsub"):
        return _Error(kind, node, -1, None, -1, shape)
    prediction, other, edge = _sides(graph, child)
    target = graph.operand(child, 1 - edge)
    if target is None and residual is not None:
        target = _unspread(_solve(picked(graph.value(prediction), rows), residual, graph.op(child), edge))
    return _Error(kind, node, prediction, picked(target, rows), other, shape, _clamp(graph, prediction), rows)


def _sides(graph: Graph, node: int) -> Tuple[int, int, int]:
    """(prediction, other side, edge of the prediction) of a difference."""
    left, right = (*graph.nodes[node].inputs, -1)[:2]
    if left < 0:
        return right, left, 1
    if right >= 0 and not _direct(graph, left) and _direct(graph, right):
        return right, left, 1
    return left, right, 0


def _solve(prediction: Optional[Array], residual: Array, op: str, edge: int) -> Optional[Array]:
    if prediction is None:
        return None
    try:
        if op == "Add":
            return residual - prediction
        if op == "Rsub":
            return residual + prediction
        return prediction - residual if edge == 0 else residual + prediction
    except ValueError:
        return None


def _unspread(target: Optional[Array]) -> Optional[Array]:
    """[B] of a target that follows as [B, B] from errors of all predictions against all targets."""
    if target is None or target.ndim != 2 or target.shape[0] != target.shape[1] or len(target) < 2:
        return target
    near = 1e-5 * max(1.0, float(np.abs(target).max()))
    if float(np.ptp(target, axis=0).max()) < near:
        return np.asarray(target.mean(axis=0))
    return np.asarray(target.mean(axis=1)) if float(np.ptp(target, axis=1).max()) < near else target


def _describe(graph: Graph, plain: _Error, errors: List[_Error], link: Link) -> ValueLoss:
    prediction = picked(graph.value(plain.prediction), plain.rows)
    clamped = next((e for e in errors if e.clamp >= 0), None)
    clip_range = None
    if clamped is not None:
        high = graph.nodes[clamped.clamp].attrs.get("max")
        clip_range = float(high) if isinstance(high, (int, float)) else None
    old = None
    if clamped is not None and prediction is not None:
        difference = graph.operand(clamped.clamp, 0)
        if difference is not None and difference.size == prediction.size:
            old = prediction.reshape(difference.shape) - difference
    out = graph.nodes[plain.prediction].attrs.get("out")
    shape = tuple(prediction.shape) if prediction is not None else tuple(out or ())
    target = plain.target
    return ValueLoss(
        error=plain.kind,
        prediction=picked(prediction, link.rows),
        prediction_shape=_before_expand(graph, plain.prediction, shape),
        target=picked(target, link.rows),
        target_shape=() if target is None else tuple(target.shape),
        elements=int(np.prod(plain.shape)) if plain.shape else 0,
        target_has_grad=plain.target_node >= 0,
        clipped=clamped is not None,
        clip_range=clip_range,
        old_prediction=picked(old, link.rows),
        site=graph.nodes[link.node].site or graph.nodes[plain.node].site,
        head=_activation(graph, plain.prediction),
    )


def _activation(graph: Graph, node: int) -> str:
    """The bounded activation that a prediction comes out of, behind reshapes and the stacking of time steps."""
    op = graph.op(graph.behind_shapes(node, "Stack", "Cat"))
    return op if op in BOUNDED else ""


def _before_expand(graph: Graph, node: int, shape: Tuple[int, ...]) -> Tuple[int, ...]:
    """F.mse_loss broadcasts inside: the prediction's own shape lies below the expansion."""
    while graph.op(node) == "Expand" and graph.nodes[node].inputs[0] >= 0:
        node = graph.nodes[node].inputs[0]
        out = graph.nodes[node].attrs.get("out")
        shape = tuple(out) if out else shape
    return shape
