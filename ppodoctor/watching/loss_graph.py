"""Copy the autograd graph of a loss into plain data: operations, edges, saved tensors, lines.

The graph is cut in two regions. From the root down to the network's last layers (the "head" region) every tensor that
autograd saved is kept: this is the loss itself. Inside the network only structure, first-layer inputs and activation
statistics are kept. Nothing is differentiated and nothing in the graph changes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ppodoctor.specimens import GraphNode, LossGraph
from ppodoctor.watching.arrays import MAX_NUMBERS, plain, thin, to_numpy

MAX_NODES = 6000

_LAYERS = {
    "Addmm": ("mat1", "mat2"),
    "Mm": ("self", "mat2"),
    "Bmm": ("self", "mat2"),
    "Baddbmm": ("batch1", "batch2"),
    "Addmv": ("mat", "vec"),
    "Mv": ("self", "vec"),
    "Linear": ("input", "weight"),
    "Convolution": ("input", "weight"),
    "MkldnnRnnLayer": ("input", "weight0"),
    "Embedding": ("indices", ""),
}
"""Operations that are a network's layers: name -> (saved data input, saved weight)."""

_SUFFIX = re.compile(r"(Backward\d*)?$")


@lru_cache(maxsize=4096)
def operation(name: str) -> str:
    """torch's node name without its decoration: "AddmmBackward0" -> "Addmm", AccumulateGrad -> "Accumulate"."""
    short = name.rsplit("::", 1)[-1]
    return "Accumulate" if short == "AccumulateGrad" else _SUFFIX.sub("", short)


class GraphReader:
    """Copies graphs; knows the parameters and layers of the process by identity."""

    def __init__(self, torch: Any, parameter_index: Any, module_of: Any, trace: Any) -> None:
        self._torch = torch
        self._parameter_index = parameter_index
        self._module_of = module_of
        self._trace = trace
        self.last: List[Any] = []
        """Autograd's own nodes of the graph read last, by index; to be dropped before the script goes on."""

    def read(self, roots: Sequence[Any], *, full: bool) -> LossGraph:
        """The graph below `roots`. With `full`, also activation statistics and layer results (for a specimen)."""
        order, edges, truncated = _walk([root.grad_fn for root in roots if root.grad_fn is not None])
        index = {node: i for i, node in enumerate(order)}
        self.last = order
        ops = [operation(node.name()) for node in order]
        head = _head_region(ops, edges, len(roots))
        arrays: Dict[str, Any] = {}
        nodes: List[GraphNode] = []
        for i, node in enumerate(order):
            copied = (
                self._copy(i, node, ops[i], tuple(edges[i]), i in head, arrays)
                if (i in head or full or ops[i] in _LAYERS or ops[i] == "Accumulate")
                else GraphNode(ops[i], tuple(edges[i]))
            )
            nodes.append(copied)
        root_ids = tuple(index[root.grad_fn] for root in roots if root.grad_fn is not None)
        return LossGraph(nodes, arrays, roots=root_ids or (0,), truncated=truncated)

    def _copy(
        self, i: int, node: Any, op: str, inputs: Tuple[int, ...], in_head: bool, arrays: Dict[str, Any]
    ) -> GraphNode:
        made = GraphNode(op, inputs)
        if op == "Accumulate":
            made.param = self._parameter_index(node.variable)
            made.attrs = {"sizes": list(node.variable.shape)}
            if in_head and node.variable.numel() <= 4096:
                _keep(made, arrays, i, "result", node.variable)
            return made
        if op in _LAYERS:
            self._layer(i, node, made, in_head, arrays)
        elif in_head:
            _all_saved(i, node, made, arrays)
        else:
            _activation(node, made)
        if in_head:
            _shape(node, made)
            self._lines(i, node, made, arrays)
        return made

    def _layer(self, i: int, node: Any, made: GraphNode, in_head: bool, arrays: Dict[str, Any]) -> None:
        data = _saved(node, _LAYERS[made.op][0])
        weight = _weight_of(node)
        made.module = self._module_of(weight) if weight is not None else -1
        if weight is not None:
            made.attrs["weight"] = self._parameter_index(weight)
        if data is not None and not data.requires_grad:
            values, stride = thin(data)
            if values is not None:
                arrays[f"{i}.input"] = values
                made.saved += ("input",)
                made.attrs["stride"] = stride
                made.attrs["sizes"] = list(data.shape)
                made.attrs["order"] = _order(node)
        output = self.output(node) if in_head else None
        if output is not None:
            _keep(made, arrays, i, "result", output)

    def output(self, node: Any) -> Optional[Any]:
        """The layer's output: autograd does not save it, one small product of what it saved gives it again."""
        op = operation(node.name())
        if op not in ("Addmm", "Mm"):
            return None
        data, weight = (_saved(node, name) for name in _LAYERS[op])
        if weight is None:
            own = _weight_of(node)
            weight = None if own is None else own.t()
        if data is None or weight is None or data.dim() != 2 or weight.dim() != 2 or data.shape[1] != weight.shape[0]:
            return None
        with self._torch.no_grad():
            bias = _variable(node, 0) if op == "Addmm" else None
            if bias is None:
                return data.detach() @ weight.detach()
            return self._torch.addmm(bias.detach(), data.detach(), weight.detach())

    def _lines(self, i: int, node: Any, made: GraphNode, arrays: Dict[str, Any]) -> None:
        entry = self._trace.lookup(node)
        if entry is None:
            return
        made.site, made.library_site = entry.sites
        for name, value in zip(("left", "right"), entry.operands):
            if hasattr(value, "detach") and value.numel() <= MAX_NUMBERS:
                _keep(made, arrays, i, name, value)
            elif isinstance(value, (int, float)):
                made.attrs[name] = float(value)


def _walk(starts: Sequence[Any]) -> Tuple[List[Any], List[List[int]], bool]:
    """Nodes in breadth-first order from the roots, and per node the indices of its inputs (-1: needs no gradient)."""
    order: List[Any] = []
    index: Dict[Any, int] = {}
    for start in starts:
        if start not in index:
            index[start] = len(order)
            order.append(start)
    edges: List[List[int]] = []
    position = 0
    while position < len(order):
        own = []
        for child, _ in order[position].next_functions:
            if child is None:
                own.append(-1)
                continue
            found = index.get(child)
            if found is None:
                if len(order) >= MAX_NODES:
                    own.append(-1)
                    continue
                found = index[child] = len(order)
                order.append(child)
            own.append(found)
        edges.append(own)
        position += 1
    return order, edges, len(order) >= MAX_NODES


def _head_region(ops: List[str], edges: List[List[int]], roots: int) -> set[int]:
    """Nodes that can be reached from the roots without passing through a layer; the layers reached are included."""
    seen = set(range(min(roots, len(ops))))
    queue = list(seen)
    while queue:
        i = queue.pop()
        if ops[i] in _LAYERS:
            continue
        for child in edges[i]:
            if child >= 0 and child not in seen:
                seen.add(child)
                queue.append(child)
    return seen


def _saved(node: Any, name: str) -> Optional[Any]:
    try:
        value = getattr(node, "_saved_" + name)
    except (AttributeError, RuntimeError):
        return None
    return value if hasattr(value, "detach") else None


_NAMES: Dict[type, List[Tuple[str, str]]] = {}


def _saved_names(node: Any) -> List[Tuple[str, str]]:
    """(attribute, short name) of everything a kind of node saves; sizes and strides are known otherwise."""
    known = _NAMES.get(type(node))
    if known is None:
        names = [
            a
            for a in dir(node)
            if a.startswith("_saved_") and not a.endswith(("_sym_sizes", "_sym_strides", "_sym_numel"))
        ]
        known = _NAMES[type(node)] = [(a, a[7:]) for a in names]
    return known


def _all_saved(i: int, node: Any, made: GraphNode, arrays: Dict[str, Any]) -> None:
    for attribute, name in _saved_names(node):
        try:
            value = getattr(node, attribute)
        except RuntimeError:
            made.attrs.setdefault("freed", []).append(name)
            continue
        if hasattr(value, "detach"):
            _keep(made, arrays, i, name, value)
        elif isinstance(value, (tuple, list)) and any(hasattr(v, "detach") for v in value):
            for number, item in enumerate(value):
                if item is not None:
                    _keep(made, arrays, i, f"{name}{number}", item)
        else:
            made.attrs[name] = plain(value)


def _keep(made: GraphNode, arrays: Dict[str, Any], i: int, name: str, value: Any) -> None:
    copied = to_numpy(value)
    if copied is None:
        return
    arrays[f"{i}.{name}"] = copied
    made.saved += (name,)
    if value.requires_grad:
        made.attrs[name + "_has_grad"] = True


def _order(node: Any) -> int:
    """A number that grows in the order in which the script computed the nodes; 0 where torch does not tell it."""
    number = getattr(node, "_sequence_nr", None)
    return int(number()) if number is not None else 0


def _shape(node: Any, made: GraphNode) -> None:
    """Shape and type of the node's result, where this torch tells it."""
    metadata = getattr(node, "_input_metadata", None)
    if metadata:
        made.attrs["out"] = [int(n) for n in metadata[0].shape]
        made.attrs["dtype"] = str(metadata[0].dtype).rsplit(".", 1)[-1]


def _activation(node: Any, made: GraphNode) -> None:
    """Share of units that are dead (ReLU family) or outputs that are saturated (tanh, sigmoid)."""
    if made.op not in ("Tanh", "Sigmoid", "Relu", "LeakyRelu", "Elu", "NativeDropout", "Dropout", "NativeBatchNorm"):
        return
    value = _saved(node, "result")
    if value is None or value.numel() == 0:
        return
    units = value.detach().reshape(-1, value.shape[-1] if value.dim() < 4 else value[0].numel())
    if made.op == "Relu":
        made.attrs["dead_share"] = float((units <= 0).all(0).float().mean())
    elif made.op == "Tanh":
        made.attrs["saturated_share"] = float((units.abs() > 0.99).float().mean())
    elif made.op == "Sigmoid":
        made.attrs["saturated_share"] = float(((units - 0.5).abs() > 0.495).float().mean())


def _variable(node: Any, position: int) -> Optional[Any]:
    """The parameter behind an input edge, through a transpose, or None."""
    if position >= len(node.next_functions):
        return None
    child = node.next_functions[position][0]
    for _ in range(4):
        if child is None:
            return None
        if hasattr(child, "variable"):
            return child.variable
        if operation(child.name()) not in (
            "T",
            "Transpose",
            "Permute",
            "Expand",
            "View",
            "ReshapeAlias",
            "ToCopy",
            "Unsqueeze",
        ):
            return None
        child = child.next_functions[0][0] if child.next_functions else None
    return None


def _weight_of(node: Any) -> Optional[Any]:
    """The weight parameter of a layer's node: the largest of its direct parameters (a bias has one dimension)."""
    found = [v for v in (_variable(node, k) for k in range(len(node.next_functions))) if v is not None]
    weights = [v for v in found if v.dim() >= 2]
    return weights[-1] if weights else None
