"""Read a recorded loss graph: which terms, which signs, which numbers. The program's eye; torch is not needed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.graph import LAYERS, Graph
from ppodoctor.measures.loss import EntropyTerm, LossReading, PolicyHead, Surrogate, Term, ValueLoss
from ppodoctor.measures.padding import as_mean, mask_of, without_padding
from ppodoctor.measures.policy_head import find_head, log_prob, read_entropy
from ppodoctor.measures.ratio import new_log_prob
from ppodoctor.measures.surrogate import Parsed, describe_surrogate, find_surrogate
from ppodoctor.measures.terms import Link, RawTerm, picked, take_apart
from ppodoctor.measures.value_loss import find_value
from ppodoctor.specimens import LossGraph, MinibatchSpecimen

TYPE_CHECKING = False  # a watched script reads its own minibatches and needs no Run for it
if TYPE_CHECKING:
    from ppodoctor.run import Run

Array = Any
_Parts = Tuple[Optional[Surrogate], Optional[ValueLoss], Optional[PolicyHead], Tuple[frozenset[int], frozenset[int]]]


@lru_cache(maxsize=8)
def readings(run: Run) -> Tuple[LossReading, ...]:
    """One reading per recorded minibatch, in order; unreadable graphs give readings with `unread` set."""
    return tuple(read_minibatch(minibatch) for minibatch in run.minibatches)


def read_minibatch(minibatch: MinibatchSpecimen) -> LossReading:
    """Read one backward call."""
    return read_loss(minibatch.graph, (minibatch.update, minibatch.index, minibatch.version))


def read_loss(loss: LossGraph, numbers: Tuple[int, int, int] = (0, 0, 0)) -> LossReading:
    """Read a graph. `numbers` are update, index and version of the backward call."""
    graph = Graph(loss)
    terms: List[RawTerm] = []
    roots: List[int] = []
    for number, root in enumerate(loss.roots):
        for term in take_apart(graph, root):
            terms.append(term)
            roots.append(number)
    surrogate_at, parsed = find_surrogate(graph, terms)
    surrogate = None
    head = None
    if surrogate_at is not None and parsed is not None:
        surrogate = describe_surrogate(graph, terms[surrogate_at].last, parsed)
        head = _picked_head(find_head(graph, _lead(parsed)), terms[surrogate_at].last.rows)
        surrogate = _with_log_probs(surrogate, head)
    value_at, value = find_value(graph, terms, surrogate_at)
    if value is not None and surrogate is None and head is None and _looks_like_policy(graph, terms, value_at):
        value_at, value = None, None
    inside = _inside(graph, parsed)
    classified, entropy = _classify(graph, (terms, roots), (surrogate_at, value_at), (surrogate, value, head, inside))
    reading = _assemble(
        graph, numbers, (classified, surrogate, value, entropy, head), (terms, surrogate_at, value_at, parsed)
    )
    return without_padding(reading, mask_of(terms, surrogate_at), mask_of(terms, value_at))


def _lead(parsed: Parsed) -> int:
    """The node of the ratio."""
    return next((b.ratio for b in parsed.branches if b.ratio >= 0), -1)


def _inside(graph: Graph, parsed: Optional[Parsed]) -> Tuple[frozenset[int], frozenset[int]]:
    """Nodes of the new log-probability, and those between it and the ratio, which hold the old one too."""
    lead = -1 if parsed is None else _lead(parsed)
    if lead < 0:
        return frozenset(), frozenset()
    whole, density = (
        frozenset(graph.below(node, stop=lambda j: graph.op(j) in LAYERS)) for node in (lead, new_log_prob(graph, lead))
    )
    return density, whole - density


def _picked_head(head: Optional[PolicyHead], rows: Optional[Array]) -> Optional[PolicyHead]:
    if head is None or rows is None:
        return head
    std = (
        head.std
        if head.std is None or head.mean is None or head.std.shape != head.mean.shape
        else picked(head.std, rows)
    )
    return replace(
        head, logits=picked(head.logits, rows), mean=picked(head.mean, rows), action=picked(head.action, rows), std=std
    )


def _looks_like_policy(graph: Graph, terms: List[RawTerm], at: Optional[int]) -> bool:
    """A squared term with a log-density's other parts beside it is a Gaussian log-probability, not a value loss."""
    if at is None:
        return False
    names = {graph.op(i) for i in graph.below(terms[at].last.node, stop=lambda j: graph.op(j) in LAYERS)}
    return "Log" in names or "Gather" in names


def _with_log_probs(surrogate: Surrogate, head: Optional[PolicyHead]) -> Surrogate:
    new = None if head is None else log_prob(head)
    if new is None or surrogate.ratio is None:
        return surrogate
    ratio = np.asarray(surrogate.ratio, np.float64)
    if new.ndim > 1 and new.ndim == ratio.ndim + 1:
        new = new.sum(-1)
    if new.size != ratio.size or surrogate.form not in ("exp_difference", "quotient"):
        return replace(surrogate, log_prob_new=new)
    with np.errstate(all="ignore"):
        difference = np.log(ratio).reshape(new.shape)
    old = new + difference if surrogate.inverted else new - difference
    return replace(surrogate, log_prob_new=new, log_prob_old=old)


def _classify(
    graph: Graph,
    raw: Tuple[List[RawTerm], List[int]],
    places: Tuple[Optional[int], Optional[int]],
    parts: _Parts,
) -> Tuple[List[Term], Optional[EntropyTerm]]:
    terms, roots = raw
    surrogate, value = parts[:2]
    found: List[Term] = []
    entropy: Optional[EntropyTerm] = None
    done: set[int] = set()
    for number, (term, root) in enumerate(zip(terms, roots)):
        link, kind, coefficient = term.last, "value", term.last.coefficient
        if number == places[0] and surrogate is not None:
            kind = "surrogate" if surrogate.form != "none" else "policy_gradient"
            coefficient = -abs(coefficient)
        elif number != places[1] or value is None:
            kind, link, sign, read = _other(graph, term, parts)
            coefficient = link.coefficient * sign
            if kind in ("entropy", "log_prob", "penalty"):
                if link.node in done:
                    continue  # the parts of one log-density are one term
                done.add(link.node)
            entropy = entropy or read
        lead = None if places[0] is None else terms[places[0]].last
        found.append(as_mean(_term(graph, kind, coefficient, link, root), link, lead))
    return found, entropy


def _other(graph: Graph, term: RawTerm, parts: _Parts) -> Tuple[str, Link, float, Optional[EntropyTerm]]:
    """A term beside surrogate and value loss: its kind, the link and sign where it is that, an entropy's reading."""
    surrogate, _, head, (density, between) = parts
    held = next((one for one in term.chain if one.node in between), None)
    if held is not None:
        return "penalty", held, 1.0, None
    chosen = None if head is None else log_prob(head)
    read = read_entropy(graph, term, head, (chosen, density))
    if read is not None:
        link, sign, entropy = read
        if entropy.form != "chosen":
            return "entropy", link, sign, entropy
        return ("penalty", link, sign, None) if link.offset else ("log_prob", link, sign, entropy)
    if all(graph.op(i) not in LAYERS for i in graph.below(term.last.node)):
        return "penalty", term.last, 1.0, None
    if surrogate is None and _policy_gradient(graph, term):
        return "policy_gradient", term.last, 1.0, None
    return "unknown", term.last, 1.0, None


def _policy_gradient(graph: Graph, term: RawTerm) -> bool:
    names = {graph.op(i) for i in graph.below(term.last.node, stop=lambda j: graph.op(j) in LAYERS)}
    return "Gather" in names or ("Log" in names and "Pow" in names)


def _term(graph: Graph, kind: str, coefficient: float, link: Link, root: int) -> Term:
    value = graph.value(link.node)
    out = graph.nodes[link.node].attrs.get("out")
    shape = tuple(value.shape) if value is not None else tuple(out or ())
    fused = graph.nodes[link.node].attrs.get("reduction")
    reductions = list(link.reductions)
    if fused in (1, 2):
        saved = graph.saved(link.node, "self")
        reductions.append("mean" if fused == 1 else "sum")
        shape = tuple(saved.shape) if saved is not None else shape
    return Term(
        kind=kind,
        coefficient=coefficient,
        reduction=_reduction(reductions),
        elements=int(np.prod(shape)) if shape else 1,
        shape=shape,
        root=root,
        node=link.node,
        site=graph.nodes[link.node].site,
    )


def _reduction(reductions: List[str]) -> str:
    """From the root inwards; a mean of a scalar does nothing but is harmless to name."""
    names = list(dict.fromkeys(reductions))
    return "none" if not names else " of ".join(names)


def _assemble(
    graph: Graph,
    numbers: Tuple[int, int, int],
    parts: Tuple[List[Term], Optional[Surrogate], Optional[ValueLoss], Optional[EntropyTerm], Optional[PolicyHead]],
    places: Tuple[List[RawTerm], Optional[int], Optional[int], Optional[Parsed]],
) -> LossReading:
    classified, surrogate, value, entropy, head = parts
    terms, surrogate_at, value_at, _ = places
    policy = _below(graph, terms, surrogate_at)
    critic = _below(graph, terms, value_at)
    inputs = {
        _module_key(graph, i): graph.saved(i, "input")
        for i in range(len(graph.nodes))
        if graph.saved(i, "input") is not None
    }
    policy_inputs = _input_of(graph, terms, surrogate_at, surrogate.ratio_shape if surrogate is not None else ())
    value_inputs = _input_of(graph, terms, value_at, value.prediction_shape if value is not None else ())
    lead = policy_inputs if policy_inputs is not None else value_inputs
    marked = [
        replace(
            t,
            policy_parameters=bool(policy & graph.parameters(t.node)),
            value_parameters=bool(critic & graph.parameters(t.node)),
        )
        for t in classified
    ]
    return LossReading(
        update=numbers[0],
        index=numbers[1],
        version=numbers[2],
        terms=tuple(marked),
        surrogate=surrogate,
        value=value,
        entropy=entropy,
        head=head,
        batch=_batch(surrogate, value, lead),
        inputs=inputs,
        policy_inputs=policy_inputs,
        value_inputs=value_inputs,
        policy_parameters=tuple(sorted(policy)),
        value_parameters=tuple(sorted(critic)),
        unread=_unread(graph, classified),
    )


def _below(graph: Graph, terms: List[RawTerm], at: Optional[int]) -> frozenset[int]:
    return graph.parameters(terms[at].last.node) if at is not None else frozenset()


def _module_key(graph: Graph, node: int) -> int:
    return graph.nodes[node].module if graph.nodes[node].module >= 0 else -node - 1


def _input_of(graph: Graph, terms: List[RawTerm], at: Optional[int], shape: Tuple[int, ...]) -> Optional[Array]:
    """The first layer's input, where its rows are known to stand in the order of the loss's samples (of that shape)."""
    if at is None:
        return None
    layers = [i for i in graph.first_layers(terms[at].last.node) if not _shuffled(graph, i, shape)]
    if not layers:
        return None
    for module in sorted({graph.nodes[i].module for i in layers} - {-1}):
        unrolled = _unrolled(graph, [i for i in layers if graph.nodes[i].module == module], shape)
        if unrolled is not None:
            return unrolled
    best = max(layers, key=lambda i: (graph.nodes[i].module >= 0, graph.saved(i, "input").shape[0]))  # type: ignore[union-attr]
    return picked(graph.saved(best, "input"), terms[at].last.rows)


def _unrolled(graph: Graph, steps: List[int], shape: Tuple[int, ...]) -> Optional[Array]:
    """[T * N, D] inputs of one layer that was called once a time step, for a loss of shape [T, N]."""
    if len(steps) < 2 or len(shape) < 2 or shape[0] != len(steps):
        return None
    ordered = sorted(steps, key=lambda i: int(graph.nodes[i].attrs.get("order", 0)))
    parts: List[Any] = [graph.saved(i, "input") for i in ordered]
    known = len({graph.nodes[i].attrs.get("order", 0) for i in steps}) == len(steps)
    if not known or any(part is None or part.shape[0] != shape[1] for part in parts):
        return None
    return np.concatenate(parts)


def _shuffled(graph: Graph, layer: int, shape: Tuple[int, ...]) -> bool:
    """A sequence input [T, N, D] whose axes are not those of the loss: its rows may stand in another order."""
    sizes = graph.nodes[layer].attrs.get("sizes", ())
    return len(sizes) == 3 and min(sizes[0], sizes[1]) > 1 and tuple(sizes[:2]) != tuple(shape[:2])


def _batch(surrogate: Optional[Surrogate], value: Optional[ValueLoss], lead: Optional[Array]) -> int:
    if surrogate is not None and surrogate.ratio is not None and np.ndim(surrogate.ratio):
        if lead is not None and surrogate.ratio.ndim > 1 and lead.shape[0] == surrogate.ratio.size:
            return int(surrogate.ratio.size)
        return samples_in(surrogate.ratio, surrogate.advantage)
    if value is not None and value.prediction_shape:
        return int(value.prediction_shape[0])
    return 0 if lead is None else int(lead.shape[0])


def samples_in(ratio: Array, advantage: Optional[Array]) -> int:
    """How many samples a ratio is of: [T, B] sequences have an advantage for each, an action's components share one."""
    return int(ratio.size if advantage is not None and np.shape(advantage) == ratio.shape else len(ratio))


def _unread(graph: Graph, terms: List[Term]) -> Tuple[str, ...]:
    found: Dict[str, None] = {}
    for term in terms:
        if term.kind == "unknown":
            names = sorted({graph.op(i) for i in graph.below(term.node, stop=lambda j: graph.op(j) in LAYERS)})[:6]
            found[f"a term of the loss could not be named (it is made of {', '.join(names)})"] = None
    if graph.loss.truncated:
        found["the graph is larger than the reader's bound"] = None
    return tuple(found)
