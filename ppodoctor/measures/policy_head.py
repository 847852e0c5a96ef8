"""Read the action distribution and the entropy term from the graph, and check the entropy against its closed form."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures import beta, multivariate
from ppodoctor.measures.graph import LAYERS, Graph
from ppodoctor.measures.loss import EntropyTerm, PolicyHead
from ppodoctor.measures.terms import Link, RawTerm

Array = Any
_LOG_2PI = float(np.log(2 * np.pi))


def find_head(graph: Graph, ratio: int) -> Optional[PolicyHead]:
    """The distribution whose log-probability forms the ratio (or the policy term) at node `ratio`."""
    if ratio < 0:
        return None
    inside = list(graph.below(ratio, stop=lambda j: graph.op(j) in LAYERS))
    gathers = [i for i in inside if graph.op(i) == "Gather"]
    if gathers:
        return _categorical(graph, gathers)
    squares = [i for i in inside if graph.op(i) == "Pow" and graph.nodes[i].attrs.get("exponent") in (2, 2.0)]
    squares += [
        i
        for i in inside
        if graph.op(i) == "Mul" and len(set(graph.nodes[i].inputs)) == 1 and graph.nodes[i].inputs[0] >= 0
    ]
    for square in squares:
        head = _gaussian(graph, square, inside) or _multivariate(graph, square)
        if head is not None:
            return head
    return _beta(graph, inside) or PolicyHead("unknown")


def _beta(graph: Graph, inside: List[int]) -> Optional[PolicyHead]:
    found = beta.concentration_and_action(graph, inside)
    if found is None:
        return None
    mean, std = beta.mean_and_std(found[0])
    return PolicyHead("beta", mean=mean, std=std, action=found[1], std_depends_on_state=True, concentration=found[0])


def _categorical(graph: Graph, gathers: List[int]) -> PolicyHead:
    gather = gathers[0]
    index = graph.saved(gather, "index")
    source = graph.operand(gather, 0)
    if source is None:
        layer = next(iter(graph.head_layers(gather)), -1)
        source = graph.saved(layer, "result") if layer >= 0 else None
    logits = None if source is None or source.ndim < 1 else normalised(source, probabilities=_are_probabilities(source))
    action = None if index is None else index[..., 0]
    return PolicyHead("categorical" if len(gathers) == 1 else "multi_categorical", logits=logits, action=action)


def _are_probabilities(source: Array) -> bool:
    return bool(np.all(source >= 0) and np.allclose(source.sum(-1), 1.0, atol=1e-4))


def normalised(logits: Array, *, probabilities: bool = False) -> Array:
    """[.., A] log-probabilities from logits (log-softmax) or probabilities."""
    with np.errstate(all="ignore"):
        if probabilities:
            return np.log(logits)
        top = logits - logits.max(-1, keepdims=True)
        return top - np.log(np.exp(top).sum(-1, keepdims=True))


def _gaussian(graph: Graph, square: int, inside: List[int]) -> Optional[PolicyHead]:
    """The square of (action - mean), and the scale it is divided by."""
    child = graph.behind_shapes(graph.nodes[square].inputs[0])
    standardised = graph.op(child) == "Div"
    difference = graph.nodes[child].inputs[0] if standardised else child
    if graph.op(difference) not in ("Sub", "Rsub"):
        return None
    left, right = (*graph.nodes[difference].inputs, -1)[:2]
    mean_node = right if left < 0 else left
    mean = graph.value(mean_node)
    residual = graph.operand(square, 0) if not standardised else graph.operand(child, 0)
    if mean is None or residual is None:
        return PolicyHead("gaussian", mean=mean)
    try:
        action = mean + residual if left < 0 else mean - residual
    except ValueError:
        return None
    std = _scale(graph, square, child if standardised else -1, inside)
    depends = None if std is None else any(graph.op(i) in LAYERS for i in _scale_nodes(graph, inside))
    return PolicyHead("gaussian", mean=mean, std=std, action=action, std_depends_on_state=depends)


def _multivariate(graph: Graph, square: int) -> Optional[PolicyHead]:
    found = multivariate.mean_scale_and_action(graph, square)
    if found is None:
        return None
    mean, std, action = found
    return PolicyHead(
        "gaussian", mean=mean, std=std, action=action, std_depends_on_state=std is not None and std.ndim > 1
    )


def _scale(graph: Graph, square: int, standard: int, inside: List[int]) -> Optional[Array]:
    if standard >= 0:
        found = graph.operand(standard, 1)
        return None if found is None else np.abs(found)
    for consumer in _up(graph, square, inside):
        if graph.op(consumer) == "Div":
            divisor = graph.operand(consumer, 1)
            if divisor is None:
                continue
            with np.errstate(all="ignore"):
                std = np.sqrt(np.abs(divisor))
            return std / np.sqrt(2.0) if _divides_by_two_variances(graph, consumer) else std
    return None


def _divides_by_two_variances(graph: Graph, node: int) -> bool:
    """Is the divisor a product with the number 2?

    torch's Normal divides by 2 var; a hand-written density may divide by var and halve elsewhere.
    """
    right = (*graph.nodes[node].inputs, -1, -1)[1]
    if right < 0:
        return True
    factor = (
        graph.operand(right, 0)
        if graph.nodes[right].inputs and graph.nodes[right].inputs[0] < 0
        else graph.operand(right, 1)
    )
    return (
        graph.op(right) == "Mul"
        and factor is not None
        and np.size(factor) == 1
        and float(np.reshape(factor, -1)[0]) == 2.0
    )


def _up(graph: Graph, node: int, inside: List[int]) -> List[int]:
    """Consumers above a node, within the log-density, nearest first."""
    members, queue = set(inside), [node]
    found: List[int] = []
    while queue and len(found) < 12:
        for consumer, _ in graph.consumers[queue.pop(0)]:
            if consumer in members and consumer not in found:
                found.append(consumer)
                queue.append(consumer)
    return found


def _scale_nodes(graph: Graph, inside: List[int]) -> List[int]:
    """Nodes below the logarithm or exponential that gives the scale."""
    starts = [i for i in inside if graph.op(i) in ("Log", "Softplus", "Exp") and graph.nodes[i].inputs[0] >= 0]
    return [i for start in starts[-1:] for i in graph.below(start)]


def log_prob(head: PolicyHead) -> Optional[Array]:
    """[B] (or [B, d] for a Gaussian or Beta, not summed) log-probability of the head's action, closed form."""
    if head.kind == "categorical" and head.logits is not None and head.action is not None:
        index = head.action[..., None]
        if index.ndim != head.logits.ndim:
            return None
        return np.take_along_axis(head.logits, index, -1)[..., 0]
    if head.kind == "gaussian" and head.mean is not None and head.std is not None and head.action is not None:
        with np.errstate(all="ignore"):
            z = (head.action - head.mean) / head.std
            return -0.5 * z * z - np.log(head.std) - 0.5 * _LOG_2PI
    if head.concentration is not None and head.action is not None:
        return beta.log_prob(head.concentration, head.action)
    return None


def entropy_of(head: PolicyHead) -> Optional[Array]:
    """[B] closed-form entropy in nats (categorical), or [d] / [B, d] per dimension (Gaussian, Beta)."""
    if head.kind == "categorical" and head.logits is not None:
        p = np.exp(head.logits)
        with np.errstate(all="ignore"):
            return -np.sum(np.where(p > 0, p * head.logits, 0.0), -1)
    if head.kind == "gaussian" and head.std is not None:
        with np.errstate(all="ignore"):
            return 0.5 + 0.5 * _LOG_2PI + np.log(head.std)
    if head.concentration is not None:
        return beta.entropy(head.concentration)
    return None


def read_entropy(
    graph: Graph, term: RawTerm, head: Optional[PolicyHead], chosen: Tuple[Optional[Array], frozenset[int]]
) -> Optional[Tuple[Link, float, EntropyTerm]]:
    """If a term is an entropy: the link where it is one, the sign of entropy there, and the reading.

    Tried on the values from the term upwards to the root; then by structure (logarithm of a scale parameter).
    `chosen` is the log-probability of the chosen actions (of each component, where they have several), and the nodes
    that the policy term computes it with.
    """
    expected = _own_entropy(graph, term, head)
    several = chosen[0] is not None and chosen[0].ndim > 1 and head is not None and head.kind != "categorical"
    forms = _chosen_forms(chosen[0], several)
    shared = next((link for link in term.chain if link.node in chosen[1] and _is_density(graph, link.node)), None)
    if shared is not None:
        return (
            shared,
            -1.0,
            EntropyTerm("chosen", -forms[0] if forms else None, expected, graph.nodes[shared.node].site),
        )
    for link in reversed(term.chain):
        value = graph.value(link.node)
        if value is None:
            continue
        found = _matches(value, expected, forms)
        if found is not None:
            form, sign = found
            return link, sign, EntropyTerm(form, sign * value, expected, graph.nodes[link.node].site)
    sums = (link for link in term.chain if graph.op(link.node) == "Sub")
    whole = next((link for link in sums if beta.is_entropy(graph, link.node)), None)
    if whole is not None:  # torch writes it as a sum of four, of which the term is one
        return whole, 1.0, EntropyTerm("beta", graph.value(whole.node), expected, graph.nodes[whole.node].site)
    return _structural(graph, term, expected)


def _is_density(graph: Graph, node: int) -> bool:
    """Does a node hold a log-probability of an action (rather than logits or a scale)?"""
    inside = graph.below(node, stop=lambda j: graph.op(j) in LAYERS)
    return any(graph.op(i) in ("Gather", "Pow", "Xlogy") for i in inside)


def _own_entropy(graph: Graph, term: RawTerm, head: Optional[PolicyHead]) -> Optional[Array]:
    """Closed-form entropy of the distribution under this very term (a MultiDiscrete policy has one a component)."""
    layers = graph.head_layers(term.last.node)
    if len(layers) == 1 and any(
        graph.op(i) in ("Softmax", "LogSoftmax", "Logsumexp")
        for i in graph.below(term.last.node, stop=lambda j: graph.op(j) in LAYERS)
    ):
        logits = graph.saved(layers[0], "result")
        if logits is not None:
            return entropy_of(PolicyHead("categorical", logits=normalised(logits)))
    return None if head is None else entropy_of(head)


def _matches(value: Array, expected: Optional[Array], chosen: Sequence[Array]) -> Optional[Tuple[str, float]]:
    if expected is not None and expected.size:
        for candidate in (
            expected,
            expected.mean(),
            expected.sum(-1) if expected.ndim > 1 else expected.sum(),
            expected.sum(),
        ):
            for sign in (1.0, -1.0):
                if _close(sign * value, candidate):
                    return "categorical" if expected.ndim == 1 and value.ndim <= 1 else "gaussian", sign
    for form in chosen:
        for sign in (-1.0, 1.0):
            if _close(sign * value, -form):
                return "chosen", sign
    return None


def _chosen_forms(chosen: Optional[Array], several: bool) -> Tuple[Array, ...]:
    """What scripts take for an entropy at the chosen actions: log p (of all components together), or p log p."""
    if chosen is None:
        return ()
    whole = chosen.sum(-1) if several else chosen  # a categorical action has no components, but may have sequences
    with np.errstate(all="ignore"):
        each = np.exp(chosen) * chosen
        return (whole, np.exp(whole) * whole, *((each.sum(-1), each) if several else ()))


def _close(value: Array, expected: Array) -> bool:
    """Equal to rounding, element by element or both constant."""
    if np.size(value) != np.size(expected):
        return False
    a, b = np.reshape(value, -1).astype(np.float64), np.reshape(expected, -1).astype(np.float64)
    scale = float(np.abs(b).max()) if b.size else 0.0
    return bool(scale > 1e-12 and np.all(np.isfinite(a)) and np.abs(a - b).max() <= 2e-4 * scale + 1e-7)


def _structural(graph: Graph, term: RawTerm, expected: Optional[Array]) -> Optional[Tuple[Link, float, EntropyTerm]]:
    """A scale's logarithm (Gaussian entropy up to a constant), or sum of p log p that could not be evaluated."""
    last = term.last
    op = graph.op(last.node)
    site = graph.nodes[last.node].site
    if op == "Log" or (
        op == "Accumulate"
        and len(graph.nodes[last.node].attrs.get("sizes", [])) <= 2
        and not _squared(graph, last.node)
    ):
        return last, 1.0, EntropyTerm("gaussian", graph.value(last.node), expected, site)
    inside = [graph.op(i) for i in graph.below(last.node, stop=lambda j: graph.op(j) in LAYERS)]
    if (
        op == "Mul"
        and "Softmax" in inside
        and ("Logsumexp" in inside or "LogSoftmax" in inside or "Log" in inside)
        and "Gather" not in inside
    ):
        value = graph.value(last.node)
        return last, -1.0, EntropyTerm("categorical", None if value is None else -value, expected, site)
    return None


def _squared(graph: Graph, node: int) -> bool:
    return any(graph.op(consumer) in ("Pow", "Mul") for consumer, _ in graph.consumers[node])
