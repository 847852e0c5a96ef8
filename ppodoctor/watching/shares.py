"""How much of the gradient on shared parameters is the value loss's: one extra backward through the value term."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence

from ppodoctor.measures.loss import LossReading, Term


def value_share(
    torch: Any, roots: Sequence[Any], nodes: List[Any], reading: LossReading, tensor: Callable[[int], Any]
) -> Optional[float]:
    """|g_value| / (|g_value| + |g_rest|) on the parameters that both terms reach, or None when it cannot be told.

    `tensor` finds a parameter by its number. Reads gradients with torch.autograd.grad, so nothing is accumulated; the
    graph is kept for the script's own call.
    """
    parameters = [tensor(i) for i in sorted(set(reading.policy_parameters) & set(reading.value_parameters))]
    root = roots[0]
    term = next((t for t in reading.terms if t.kind == "value"), None)
    edge_type = getattr(torch.autograd.graph, "GradientEdge", None)
    if len(roots) > 1 or term is None or edge_type is None or not parameters or any(_hooked(p) for p in parameters):
        return None
    node = nodes[term.node]
    seed = _seed(torch, node, term, root)
    if seed is None:
        return None
    whole = torch.autograd.grad([root], parameters, retain_graph=True, allow_unused=True)
    value = torch.autograd.grad([edge_type(node, 0)], parameters, [seed], retain_graph=True, allow_unused=True)
    pairs = [(w, v) for w, v in zip(whole, value) if w is not None and v is not None]
    if not pairs:
        return None
    own = float(torch.stack([v.norm() for _, v in pairs]).norm())
    rest = float(torch.stack([(w - v).norm() for w, v in pairs]).norm())
    return own / (own + rest) if own + rest > 0 else None


def _hooked(parameter: Any) -> bool:
    """A hook of the script would run once more than it expects."""
    return bool(getattr(parameter, "_backward_hooks", None))


def _seed(torch: Any, node: Any, term: Term, root: Any) -> Optional[Any]:
    """The gradient of the root with respect to the term's node: its coefficient, spread by the reduction."""
    metadata = getattr(node, "_input_metadata", None)
    if not metadata or root.dim() != 0:
        return None
    shape = tuple(metadata[0].shape)
    count = 1
    for n in shape:
        count *= int(n)
    spread = term.coefficient / count if shape and "mean" in term.reduction else term.coefficient
    return torch.full(shape, spread, dtype=metadata[0].dtype, device=root.device)
