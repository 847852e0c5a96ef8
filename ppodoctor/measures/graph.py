"""Values inside a recorded loss graph: what each node computed, from what autograd saved, numpy only."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np

from ppodoctor.specimens import GraphNode, LossGraph

Array = Any

LAYERS = frozenset(
    {"Addmm", "Mm", "Bmm", "Baddbmm", "Addmv", "Mv", "Linear", "Convolution", "MkldnnRnnLayer", "Embedding"}
)
SHAPING = frozenset(
    {"View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Expand", "Clone", "ToCopy", "T", "Transpose",
     "Permute", "Alias", "Contiguous", "Slice", "Select", "Index", "IndexSelect", "AsStrided", "Repeat", "Detach",
     "Copy", "Copys", "Unbind", "Split", "SplitWithSizes", "Flatten", "ViewAs", "Reshape"}
)  # fmt: skip
"""Operations that move numbers without changing them."""

_RESHAPING = frozenset(
    {"View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "Alias", "Clone", "ToCopy", "Expand", "Contiguous"}
)

_OUTPUT_SAVED_BY_CONSUMER = {
    "Exp": (), "Pow": ("self",), "Clamp": ("self",), "ClampMin": ("self",), "ClampMax": ("self",), "Log": ("self",),
    "Minimum": ("self", "other"), "Maximum": ("self", "other"), "Mul": ("self", "other"), "Div": ("self", "other"),
    "Logsumexp": ("self",), "Gather": ("self",), "Abs": ("self",), "Where": (), "MseLoss": ("self", "target"),
    "SmoothL1Loss": ("self", "target"), "HuberLoss": ("self", "target"), "Softplus": ("self",), "Min": (), "Max": (),
    "L1Loss": ("self", "target"), "Sgn": (), "Log1P": ("self",), "Xlogy": ("self", "other"), "Lgamma": ("self",),
}  # fmt: skip
"""Which saved array of a consumer is its k-th input, hence the output of the node on that edge."""

_OUTPUT_SAVED = {
    "Exp": "result", "Tanh": "result", "Sigmoid": "result", "Sqrt": "result", "Softmax": "result",
    "LogSoftmax": "result", "Logsumexp": "result", "Reciprocal": "result", "Addmm": "result", "Mm": "result",
    "Accumulate": "result", "Relu": "result", "Rsqrt": "result", "Expm1": "result",
}  # fmt: skip


class Graph:
    """A LossGraph with lazily computed node values. Unknown values are None, never guessed."""

    def __init__(self, loss: LossGraph) -> None:
        self.loss = loss
        self.nodes: Sequence[GraphNode] = loss.nodes
        self.consumers: List[List[Tuple[int, int]]] = [[] for _ in loss.nodes]
        for i, node in enumerate(loss.nodes):
            for k, child in enumerate(node.inputs):
                if child >= 0:
                    self.consumers[child].append((i, k))
        self._values: Dict[int, Optional[Array]] = {}
        self._leaves: Dict[int, frozenset[int]] = {}

    def saved(self, node: int, name: str) -> Optional[Array]:
        """An array autograd saved on the node, or None."""
        return self.loss.arrays.get(f"{node}.{name}")

    def op(self, node: int) -> str:
        """Normalised operation of a node; "" for an input that needs no gradient."""
        return self.nodes[node].op if node >= 0 else ""

    def behind_shapes(self, node: int, *also: str) -> int:
        """The node whose numbers `node` only moves (or carries through the operations `also`); -1 for an input."""
        while self.op(node) in SHAPING or self.op(node) in also:
            node = (*self.nodes[node].inputs, -1)[0]
        return node

    def below(self, start: int, stop: Callable[[int], bool] = lambda _: False) -> Iterator[int]:
        """Every node under `start` (itself included), not going below nodes for which `stop` holds."""
        seen: Set[int] = {start}
        queue = [start]
        while queue:
            node = queue.pop()
            yield node
            if stop(node):
                continue
            for child in self.nodes[node].inputs:
                if child >= 0 and child not in seen:
                    seen.add(child)
                    queue.append(child)

    def parameters(self, node: int) -> frozenset[int]:
        """Indices of the parameters that the node's value depends on with a gradient."""
        if node not in self._leaves:
            self._leaves[node] = frozenset(
                self.nodes[i].param for i in self.below(node) if self.nodes[i].op == "Accumulate"
            )
        return self._leaves[node]

    def first_layers(self, node: int) -> List[int]:
        """Layer nodes below `node` whose data input needs no gradient: where observations enter."""
        return sorted(i for i in self.below(node) if self.saved(i, "input") is not None)

    def head_layers(self, node: int) -> List[int]:
        """The first layers met on the way down from `node`: the heads of its networks."""
        return sorted(i for i in self.below(node, stop=lambda j: self.op(j) in LAYERS) if self.op(i) in LAYERS)

    def value(self, node: int) -> Optional[Array]:
        """What the node computed, or None when the recording does not determine it."""
        if node < 0:
            return None
        if node not in self._values:
            self._values[node] = None  # guards against asking back through a consumer
            self._values[node] = self._find(node)
        return self._values[node]

    def _find(self, node: int) -> Optional[Array]:
        own = _OUTPUT_SAVED.get(self.op(node))
        if own is not None and self.saved(node, own) is not None:
            return self.saved(node, own)
        for consumer, edge in self.consumers[node]:
            names = _OUTPUT_SAVED_BY_CONSUMER.get(self.op(consumer), ())
            if edge < len(names):
                found = self.saved(consumer, names[edge])
                if found is not None:
                    return found
            traced = (
                self.saved(consumer, ("left", "right")[edge]) if edge < 2 and self._traced_in_order(consumer) else None
            )
            if traced is not None:
                return traced
        return self._compute(node)

    def _traced_in_order(self, node: int) -> bool:
        """Traced operands line up with edges only for plain binary operations (rsub swaps them)."""
        return self.op(node) in ("Sub", "Add", "Mul", "Div", "Minimum", "Maximum")

    def operand(self, node: int, edge: int) -> Optional[Array]:
        """The k-th input of a node, also when it needs no gradient (saved by autograd, or traced)."""
        names = _OUTPUT_SAVED_BY_CONSUMER.get(self.op(node), ())
        if edge < len(names):
            found = self.saved(node, names[edge])
            if found is not None:
                return found
        if edge < 2 and self._traced_in_order(node):
            traced = self.saved(node, ("left", "right")[edge])
            if traced is not None:
                return traced
            scalar = self.nodes[node].attrs.get(("left", "right")[edge])
            if isinstance(scalar, float):
                return np.asarray(scalar)
        child = self.nodes[node].inputs[edge] if edge < len(self.nodes[node].inputs) else -1
        return self.value(child) if child >= 0 else None

    def _compute(self, node: int) -> Optional[Array]:
        op, inputs = self.op(node), self.nodes[node].inputs
        attrs = self.nodes[node].attrs
        if op in _RESHAPING:
            inner = self.value(inputs[0])
            return None if inner is None else _shaped(op, inner, attrs)
        if op == "Neg":
            inner = self.value(inputs[0])
            return None if inner is None else -inner
        if op in ("Add", "Sub", "Mul", "Div", "Rsub"):
            return self._arithmetic(node)
        simple = {"Log": np.log, "Exp": np.exp, "Tanh": np.tanh, "Sqrt": np.sqrt, "Abs": np.abs}.get(op)
        if simple is not None:
            inner = self.value(inputs[0])
            with np.errstate(all="ignore"):
                return None if inner is None else simple(inner)
        if op == "Pow" and isinstance(attrs.get("exponent"), (int, float)):
            inner = self.operand(node, 0)
            return None if inner is None else inner ** attrs["exponent"]
        if op == "Gather":
            return self._gather(node)
        if op in ("Sum", "Mean"):
            return self._reduce(node)
        if op == "Clamp":
            return self._clamp(node)
        if op in ("Minimum", "Maximum"):
            a, b = self.operand(node, 0), self.operand(node, 1)
            return None if a is None or b is None else (np.minimum if op == "Minimum" else np.maximum)(a, b)
        return None

    def _arithmetic(self, node: int) -> Optional[Array]:
        op, attrs = self.op(node), self.nodes[node].attrs
        a, b = self.operand(node, 0), self.operand(node, 1)
        if a is None or b is None:
            return None
        alpha = attrs.get("alpha", 1) or 1
        with np.errstate(all="ignore"):
            try:
                if op == "Add":
                    return a + alpha * b
                if op == "Sub":
                    return a - alpha * b
                if op == "Rsub":
                    return None
                return a * b if op == "Mul" else a / b
            except ValueError:
                return None

    def _gather(self, node: int) -> Optional[Array]:
        index, source = self.saved(node, "index"), self.operand(node, 0)
        if index is None or source is None:
            return None
        return np.take_along_axis(source, index, axis=int(self.nodes[node].attrs.get("dim", -1)))

    def _reduce(self, node: int) -> Optional[Array]:
        inner = self.value(self.nodes[node].inputs[0])
        if inner is None:
            return None
        dims = self.nodes[node].attrs.get("dim")
        axis = tuple(int(d) for d in dims) if dims else None
        keep = bool(self.nodes[node].attrs.get("keepdim", False))
        return (np.sum if self.op(node) == "Sum" else np.mean)(inner, axis=axis, keepdims=keep)

    def _clamp(self, node: int) -> Optional[Array]:
        inner = self.operand(node, 0)
        if inner is None:
            return None
        low, high = clamp_bounds(self, node)
        return np.clip(inner, -np.inf if low is None else low, np.inf if high is None else high)


def clamp_bounds(graph: Graph, node: int) -> Tuple[Optional[Array], Optional[Array]]:
    """Lower and upper bound of a Clamp (numbers), ClampMin or ClampMax, or of a clamp by tensors (arrays)."""
    attrs, op = graph.nodes[node].attrs, graph.op(node)
    low = attrs.get("min") if op != "ClampMax" else None
    high = attrs.get("max") if op != "ClampMin" else None
    if low is None and op == "Clamp":
        low = graph.saved(node, "min")
    if high is None and op == "Clamp":
        high = graph.saved(node, "max")
    low = None if isinstance(low, float) and low < -1e30 else low
    high = None if isinstance(high, float) and high > 1e30 else high
    return low, high


def _shaped(op: str, inner: Array, attrs: Dict[str, Any]) -> Optional[Array]:
    """The result of an operation that only changes the shape; without the recorded shape only safe guesses."""
    out = attrs.get("out")
    if out is not None:
        if op == "Expand":
            return np.broadcast_to(inner, out)
        return inner.reshape(out) if int(np.prod(out)) == inner.size else None
    if op == "Squeeze":
        return np.squeeze(inner)
    if op == "Unsqueeze":
        return np.expand_dims(inner, int(attrs.get("dim", -1)))
    if op == "Expand":
        return None
    return inner.reshape(-1) if inner.ndim == 2 and inner.shape[1] == 1 else inner
