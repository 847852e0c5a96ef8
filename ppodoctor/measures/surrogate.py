"""Read the policy term: ratio, advantage, clip bounds, and how the two branches are combined.

PPO's objective (Schulman et al. 2017, equation 7) is E[min(r A, clip(r, 1 - e, 1 + e) A)]. Here the minimised term is
taken apart by structure first and confirmed on the numbers where these are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.graph import SHAPING, Graph, clamp_bounds
from ppodoctor.measures.loss import Surrogate
from ppodoctor.measures.ratio import ratio_core, ratio_form, ratio_side, strip
from ppodoctor.measures.terms import Link, RawTerm, picked
from ppodoctor.records import Site

Array = Any
_PAIRS = {"Minimum": "min", "Maximum": "max"}


@dataclass
class Branch:
    """ratio-like quantity times advantage-like constant, found under one branch of the objective."""

    ratio: int = -1
    product: Optional[Array] = None
    """The constant the ratio is multiplied with (advantage, or its negative)."""
    product_node: int = -1
    product_has_grad: bool = False
    sign: float = 1.0
    clamp: int = -1
    clamp_on: str = "none"
    low: Optional[float] = None
    high: Optional[float] = None
    constant: Optional[Array] = None
    """A branch that needs no gradient: the clipped products, computed ahead."""


@dataclass
class Parsed:
    """A policy term after parsing."""

    branches: List[Branch] = field(default_factory=list)
    pair: str = "none"
    pair_sign: float = 1.0
    node: int = -1


def find_surrogate(graph: Graph, terms: List[RawTerm]) -> Tuple[Optional[int], Optional[Parsed]]:
    """The term that is the policy objective (its index) and its parse; (None, None) when no term looks like one."""
    best: Tuple[float, Optional[int], Optional[Parsed]] = (0.0, None, None)
    for number, term in enumerate(terms):
        parsed = Parsed(node=term.last.node)
        _parse(graph, term.last.node, 1.0, parsed)
        score = _score(graph, parsed)
        if score > best[0]:
            best = (score, number, parsed)
    return best[1], best[2]


def _score(graph: Graph, parsed: Parsed) -> float:
    """How much a parse looks like a policy objective: a product with data over an exponential, clipped, paired."""
    if not parsed.branches:
        return 0.0
    score = 0.0
    for branch in parsed.branches:
        has_ratio = branch.ratio >= 0 and graph.op(ratio_core(graph, branch.ratio)) in ("Exp", "Div", "Gather")
        score = max(
            score,
            (2.0 if has_ratio else 0.5) * (branch.product is not None or branch.product_has_grad)
            + (branch.clamp >= 0) * has_ratio,
        )
    return score + (2.0 if parsed.pair != "none" and score > 0 else 0.0)


def _parse(graph: Graph, node: int, sign: float, parsed: Parsed) -> None:
    op, inputs = graph.op(node), graph.nodes[node].inputs
    if op in SHAPING and op not in ("Index", "Slice", "Select") and inputs:
        return _parse(graph, inputs[0], sign, parsed)
    if op == "Neg":
        return _parse(graph, inputs[0], -sign, parsed)
    if op in _PAIRS:
        return _pair(graph, node, sign, parsed)
    if (
        op in ("Min", "Max")
        and graph.nodes[node].attrs.get("dim") is not None
        and inputs[0] >= 0
        and graph.op(inputs[0]) in ("Stack", "Cat")
    ):
        parsed.pair, parsed.pair_sign = op.lower(), sign
        for child in graph.nodes[inputs[0]].inputs:
            if child >= 0:
                _parse(graph, child, 1.0, parsed)
        return None
    if op == "Where" and sum(child >= 0 for child in inputs) > 1:
        return _choice(graph, node, sign, parsed)
    branch = _branch(graph, node, sign)
    if branch is not None:
        parsed.branches.append(branch)
    return None


def _choice(graph: Graph, node: int, sign: float, parsed: Parsed) -> None:
    """A where between two objectives: a minimum or maximum written out, or one objective for each sign of advantage."""
    left, right = graph.nodes[node].inputs[:2]
    for child in (left, right):
        _parse(graph, child, 1.0, parsed)
    if parsed.pair != "none":
        parsed.pair_sign *= sign
        return
    condition, a, b = graph.saved(node, "condition"), graph.value(left), graph.value(right)
    if condition is None or a is None or b is None or not condition.shape == a.shape == b.shape:
        parsed.pair_sign = sign
        parsed.branches[1:] = []  # which of both is taken is not known: the first speaks for them
        return
    taken = np.where(condition, a, b)
    for name, extreme in (("min", np.minimum(a, b)), ("max", np.maximum(a, b))):
        if np.array_equal(taken, extreme):
            parsed.pair, parsed.pair_sign, parsed.node = name, sign, node
            return


def _pair(graph: Graph, node: int, sign: float, parsed: Parsed) -> None:
    parsed.pair, parsed.pair_sign, parsed.node = _PAIRS[graph.op(node)], sign, node
    for edge, child in enumerate(graph.nodes[node].inputs[:2]):
        if child >= 0:
            _parse(graph, child, 1.0, parsed)
        else:
            parsed.branches.append(Branch(constant=graph.saved(node, ("self", "other")[edge])))


def _branch(graph: Graph, node: int, sign: float) -> Optional[Branch]:
    """One product (or clamp of a product) of a ratio and data."""
    op, inputs = graph.op(node), graph.nodes[node].inputs
    if op in ("Clamp", "ClampMin", "ClampMax"):
        inner = _branch(graph, inputs[0], sign)
        if inner is None or (inner.product is None and not inner.product_has_grad):
            return None
        inner.clamp, inner.clamp_on = node, "product"
        inner.low, inner.high = _bounds(graph, node)
        return inner
    if op == "Where":
        found = [_branch(graph, child, sign) for child in inputs if child >= 0]
        return next((branch for branch in found if branch is not None), None)
    if op == "Neg":
        return _branch(graph, inputs[0], -sign)
    if op in SHAPING and inputs and inputs[0] >= 0:
        return _branch(graph, inputs[0], sign)
    if op not in ("Mul", "Div"):
        return None
    return _product(graph, node, sign)


def _product(graph: Graph, node: int, sign: float) -> Optional[Branch]:
    left, right = (*graph.nodes[node].inputs, -1)[:2]
    branch = Branch(sign=sign)
    if left >= 0 and right >= 0:
        chosen = ratio_side(graph, left, right)
        if chosen is None:
            return None
        ratio, other = chosen
        branch.product, branch.product_has_grad, branch.product_node = graph.value(other), True, other
    else:
        ratio = left if left >= 0 else right
        constant = graph.operand(node, 1 if left >= 0 else 0)
        if constant is None:
            return None
        if constant.size == 1 and graph.op(ratio) in ("Mul", "Div", "Neg"):
            inner = _branch(graph, ratio, sign * (1.0 if float(constant.reshape(-1)[0]) >= 0 else -1.0))
            if inner is not None and inner.product is not None:
                inner.product = inner.product * abs(float(constant.reshape(-1)[0]))
            return inner
        branch.product = constant
    branch.ratio, negated = strip(graph, ratio)
    branch.sign *= negated
    if graph.op(branch.ratio) in ("Clamp", "ClampMin", "ClampMax"):
        branch.clamp = branch.ratio
        branch.low, branch.high = _bounds(graph, branch.clamp)
        branch.ratio, _ = strip(graph, graph.nodes[branch.clamp].inputs[0])
        branch.clamp_on = "ratio"
        if graph.op(ratio_core(graph, branch.ratio)) not in ("Exp", "Div"):
            branch.clamp_on = "log_ratio" if _centred(branch) else "ratio"
    elif graph.op(ratio_core(graph, branch.ratio)) == "Exp":
        _clamp_below_exp(graph, branch)
    return branch


def _clamp_below_exp(graph: Graph, branch: Branch) -> None:
    """A clamp of log r before the exponential is a clamp of r: the exponential keeps order."""
    below = graph.nodes[ratio_core(graph, branch.ratio)].inputs[0]
    if below >= 0 and graph.op(below) in ("Clamp", "ClampMin", "ClampMax"):
        low, high = _bounds(graph, below)
        if low is not None and high is not None and high - low < 4:
            branch.clamp, branch.clamp_on = below, "ratio"
            branch.low, branch.high = float(np.exp(low)), float(np.exp(high))


def _centred(branch: Branch) -> bool:
    """Bounds around 0 rather than around 1."""
    return branch.low is not None and branch.high is not None and branch.low < 0 < branch.high


def _bounds(graph: Graph, node: int) -> Tuple[Optional[float], Optional[float]]:
    low, high = clamp_bounds(graph, node)
    return tuple(None if b is None else float(np.mean(b)) for b in (low, high))  # type: ignore[return-value]


def describe_surrogate(graph: Graph, link: Link, parsed: Parsed) -> Surrogate:
    """The parse in the field's terms. The advantage's sign is chosen so that the maximised objective is r A."""
    plain = next((b for b in parsed.branches if b.clamp < 0 and b.ratio >= 0), None)
    clipped = next((b for b in parsed.branches if b.clamp >= 0), None)
    lead = plain or clipped or parsed.branches[0]
    ratio_node = lead.ratio
    form, inverted, old_has_grad = ratio_form(graph, ratio_node)
    ratio = picked(graph.value(ratio_node), link.rows)
    outer = -1.0 if link.coefficient * parsed.pair_sign > 0 else 1.0
    advantage = None if lead.product is None else np.asarray(lead.product, np.float64) * lead.sign * outer
    advantage = picked(advantage, link.rows)
    combine = parsed.pair
    if combine != "none" and outer < 0:
        combine = {"min": "max", "max": "min"}[combine]
    low, high = (clipped.low, clipped.high) if clipped is not None else _precomputed(parsed, advantage, outer)
    return Surrogate(
        sign=0 if combine == "max" else 1,
        form=form,
        inverted=inverted,
        ratio=ratio,
        ratio_shape=_shape_of(graph, ratio_node, ratio),
        advantage=advantage,
        advantage_shape=() if advantage is None else tuple(advantage.shape),
        advantage_has_grad=lead.product_has_grad,
        old_has_grad=old_has_grad,
        clip_low=low,
        clip_high=high,
        clip_on=clipped.clamp_on if clipped is not None else ("ratio" if low is not None else "none"),
        combine=combine if len(parsed.branches) > 1 else "none",
        combine_checked=ratio is not None and advantage is not None,
        site=_site(graph, parsed.node),
        ratio_site=_site(graph, ratio_core(graph, ratio_node)),
        clip_site=_site(graph, clipped.clamp) if clipped is not None else None,
        advantage_site=_site(graph, parsed.node),
    )


def _precomputed(parsed: Parsed, advantage: Optional[Array], outer: float) -> Tuple[Optional[float], Optional[float]]:
    """Bounds of the form where(A > 0, (1 + e) A, (1 - e) A), which needs no gradient and has no clamp.

    Where all advantages have one sign only one bound acts; the other is given at the same distance from 1.
    """
    constant = next((b.constant for b in parsed.branches if b.constant is not None), None)
    if constant is None or advantage is None or constant.shape != advantage.shape:
        return None, None
    with np.errstate(all="ignore"):
        factor = constant * outer / advantage
    up, down = factor[advantage > 0], factor[advantage < 0]
    low = float(np.median(down)) if down.size else 2.0 - float(np.median(up)) if up.size else None
    high = float(np.median(up)) if up.size else None if low is None else 2.0 - low
    return low, high


def _site(graph: Graph, node: int) -> Optional[Site]:
    return graph.nodes[node].site if node >= 0 else None


def _shape_of(graph: Graph, node: int, value: Optional[Array]) -> Tuple[int, ...]:
    if value is not None:
        return tuple(value.shape)
    out = graph.nodes[node].attrs.get("out") if node >= 0 else None
    return tuple(out) if out else ()
