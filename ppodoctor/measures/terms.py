"""Take a loss apart into its additive terms, each with its coefficient, sign and reduction on the way to the root."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.graph import LAYERS, Graph

Array = Any

_THROUGH = frozenset(
    {
        "View",
        "UnsafeView",
        "ReshapeAlias",
        "Squeeze",
        "Unsqueeze",
        "Expand",
        "Clone",
        "ToCopy",
        "Alias",
        "Contiguous",
        "Stack",
        "Cat",
    }
)
MAX_TERMS = 64


@dataclass(frozen=True)
class Link:
    """One step on the way from the root to a term: the node reached and what multiplies it in the root."""

    node: int
    coefficient: float
    reductions: Tuple[str, ...]
    weights: Optional[Array] = None
    """A constant array (a mask) that multiplies the node element by element."""
    rows: Optional[Array] = None
    """Samples picked by an index on the way (padding masked out)."""
    offset: bool = False
    """A constant was added on the way that may be an array (log p - log p_old of a KL penalty, say)."""


@dataclass(frozen=True)
class RawTerm:
    """A term before it is classified: the chain of links from the root down to where linearity ends."""

    chain: Tuple[Link, ...]

    @property
    def last(self) -> Link:
        return self.chain[-1]


def take_apart(graph: Graph, root: int) -> List[RawTerm]:
    """Every additive term below `root`, in the order of the sum."""
    finished: List[RawTerm] = []
    open_: List[Tuple[Link, ...]] = [(Link(root, 1.0, ()),)]
    while open_ and len(finished) < MAX_TERMS:
        chain = open_.pop()
        following = _follow(graph, chain[-1])
        if following is None:
            finished.append(RawTerm(chain))
        else:
            open_.extend((*chain, link) for link in reversed(following))
    return finished


def _follow(graph: Graph, link: Link) -> Optional[List[Link]]:
    """The links one linear operation further down, or None where the operation is not linear."""
    node, op, inputs = link.node, graph.op(link.node), graph.nodes[link.node].inputs
    if op in LAYERS or op == "Accumulate":
        return None
    if op in ("Add", "Sub", "Rsub"):
        return _sum(graph, link)
    if op == "Neg":
        return _down(link, inputs[0], -1.0)
    if op in _THROUGH:
        return [replace(link, node=child) for child in inputs if child >= 0]
    if (
        op == "Index"
        and inputs[0] >= 0
        and graph.saved(node, "indices0") is not None
        and graph.saved(node, "indices1") is None
    ):
        return [replace(link, node=inputs[0], rows=positions(graph.saved(node, "indices0")))]
    if op == "MaskedSelect" and inputs[0] >= 0 and graph.saved(node, "mask") is not None:
        return [replace(link, node=inputs[0], rows=positions(graph.saved(node, "mask")))]
    if op in ("Mean", "Sum"):
        return [replace(link, node=inputs[0], reductions=(*link.reductions, _reduction(graph, node)))]
    if op in ("Mul", "Div"):
        return _scaled(graph, link)
    return None


def _down(link: Link, child: int, factor: float) -> List[Link]:
    return [replace(link, node=child, coefficient=link.coefficient * factor)] if child >= 0 else []


def _sum(graph: Graph, link: Link) -> Optional[List[Link]]:
    """Both sides of a sum; a side that needs no gradient is a constant and falls away."""
    node = graph.nodes[link.node]
    alpha = float(node.attrs.get("alpha", 1) or 1)
    left, right = (*node.inputs, -1)[:2]
    if node.op == "Rsub":
        return _down(link, left, -alpha)
    signs = (1.0, alpha if node.op == "Add" else -alpha)
    parts = [(child, sign) for child, sign in zip((left, right), signs) if child >= 0]
    offset = link.offset or _has_constant_array(graph, link.node, (left, right))
    found = [replace(link, node=child, coefficient=link.coefficient * sign, offset=offset) for child, sign in parts]
    return found or None


def _has_constant_array(graph: Graph, node: int, sides: Tuple[int, int]) -> bool:
    """May the side without a gradient be an array? Where the minibatch was traced, it is known whether it is."""
    edge = next((k for k, child in enumerate(sides) if child < 0), None)
    if edge is None:
        return False
    name = ("left", "right")[edge]
    value = graph.saved(node, name)
    return not isinstance(graph.nodes[node].attrs.get(name), float) and (value is None or value.size > 1)


def positions(index: Optional[Array]) -> Optional[Array]:
    """Row numbers of an index that may be a mask."""
    return index if index is None or index.dtype not in (np.bool_, np.uint8) else np.flatnonzero(index)


def picked(value: Optional[Array], rows: Optional[Array]) -> Optional[Array]:
    """The picked samples of an array that has all of them along its first axis."""
    if value is None or rows is None or np.ndim(value) == 0 or rows.size == 0 or value.shape[0] <= int(rows.max()):
        return value
    return value[rows.reshape(-1).astype(np.int64)]


def _reduction(graph: Graph, node: int) -> str:
    """mean or sum, with the dimensions when not over everything."""
    attrs = graph.nodes[node].attrs
    dims = attrs.get("dim")
    name = graph.op(node).lower()
    return name if dims in (None, []) else f"{name} over dim {','.join(str(d) for d in dims)}"


def _scaled(graph: Graph, link: Link) -> Optional[List[Link]]:
    """A product with a constant number, or with a constant mask of zeros and ones; None for any other product."""
    node = graph.nodes[link.node]
    left, right = (*node.inputs, -1)[:2]
    if left >= 0 and right >= 0:
        return None
    child, edge = (left, 1) if left >= 0 else (right, 0)
    constant = _constant(graph, link.node, edge)
    if constant is None or child < 0 or (node.op == "Div" and edge == 0):
        return None
    if constant.size == 1:
        number = float(constant.reshape(-1)[0])
        factor = number if node.op == "Mul" else (1.0 / number if number else float("inf"))
        return _down(link, child, factor)
    if node.op == "Mul" and constant.size > 1 and np.isin(constant, (0.0, 1.0)).all() and 0 < constant.mean() <= 1:
        return [replace(link, node=child, weights=constant)]
    return None


def _constant(graph: Graph, node: int, edge: int) -> Optional[Array]:
    """The factor that needs no gradient; autograd saves it because the other side's gradient is multiplied with it."""
    value = graph.operand(node, edge)
    if value is None:
        name = "other" if edge == 1 else "self"
        value = graph.saved(node, name)
    return None if value is None else np.asarray(value)
