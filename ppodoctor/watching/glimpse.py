"""Reads a loss whose like was read before: straight to the few tensors that its columns need.

A full reading copies the graph and takes it apart, which costs about as much as a minibatch of a small network. After
a few of them it is known behind which nodes a kind of loss keeps its ratio, advantage, prediction, target and
distribution. A place counts only if it gave the numbers of every full reading; a graph that differs on the way to one
is not glimpsed at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.measures.graph import Graph, clamp_bounds
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.policy_head import normalised
from ppodoctor.measures.reading import samples_in
from ppodoctor.specimens import LossGraph
from ppodoctor.watching.arrays import as_numpy
from ppodoctor.watching.loss_graph import operation

Array = Any
ENOUGH = 3
"""Full readings that must agree, two of them on numbers that are not all alike."""
SURE, LATER = 12, 8
"""So many full readings of a kind are held against its places one by one, later ones now and then."""
NEAREST = 14
"""Nodes that tell one kind of loss from another."""
MAX_PLACES = 8
"""Places tried per quantity."""
_EDGE = Tuple[int, str]

_CHANGES: Dict[str, Callable[[Array, Array], Array]] = {
    "same": lambda a, _: a,
    "negative": lambda a, _: -a,
    "normalised": lambda a, _: normalised(a),
    "logarithm": lambda a, _: np.log(a),
    "exponential": lambda a, _: np.exp(a),
    "root": lambda a, _: np.sqrt(a),
    "diagonal": lambda a, _: np.diagonal(a, axis1=-2, axis2=-1),
    "less": lambda a, prediction: prediction - a,
    "more": lambda a, prediction: prediction + a,
}
_TRIED = {
    "ratio": ("same",),
    "advantage": ("same", "negative"),
    "prediction": ("same",),
    "target": ("same", "negative", "less", "more"),
    "logits": ("same", "normalised", "logarithm"),
    "std": ("same", "exponential", "root", "diagonal"),
    "entropy": ("same", "negative"),
}
_NEEDED = ("ratio", "advantage", "prediction", "target")


@dataclass(frozen=True)
class Place:
    """Where a quantity is saved: the way there from a root of the loss, and how it is kept."""

    root: int
    way: Tuple[_EDGE, ...]
    """(edge taken, operation it leads to), the first entry with the root's own operation."""
    name: str
    change: str


@dataclass
class _Kind:
    """What is known of one kind of loss."""

    places: Dict[str, List[Place]]
    bounds: Optional[Place]
    """The clamp whose limits are the clip range; None too where the range is not a clamp's, or a tensor."""
    reading: LossReading
    count: int = 1
    telling: int = 0


class Glimpses:
    """Learns from full readings, then reads on its own. `result(node)` computes a layer's output."""

    def __init__(self, result: Callable[[Any], Optional[Any]]) -> None:
        self._result = result
        self._kinds: Dict[Any, _Kind] = {}

    def learn(self, kind: Any, graph: LossGraph, reading: LossReading) -> None:
        """Take over, or hold the places known so far against, one full reading."""
        wanted = _quantities(reading)
        known = self._kinds.get(kind)
        if known is None:
            known = self._kinds[kind] = _Kind(_find(graph, wanted), _bounds(graph, reading), reading)
        else:
            known.count += 1
            known.reading = reading
            if known.count <= SURE or not known.count % LATER:
                known.places = _confirmed(known.places, graph, wanted)
                known.bounds = _bounds(graph, reading) if known.bounds is not None else None
        known.telling += _telling(wanted)

    def ready(self, kind: Any) -> bool:
        """Can a loss of this kind be glimpsed at?"""
        known = self._kinds.get(kind)
        if known is None or known.count < ENOUGH or known.telling < 2:
            return False
        needed = [places for name, places in known.places.items() if name in _NEEDED]
        return bool(needed) and all(needed)

    def read(self, kind: Any, roots: Sequence[Any]) -> Optional[LossReading]:
        """The reading with fresh numbers, or None when this loss is not quite like the others of its kind."""
        known = self._kinds[kind]
        found: Dict[str, Array] = {}
        paths = _Paths(roots)
        for name, places in known.places.items():
            value = self._fetch(places[0], paths, found.get("prediction")) if places else None
            if value is not None:
                found[name] = value
            elif name in _NEEDED:
                return None
        return _filled(known.reading, found, self._limits(known.bounds, paths))

    def _fetch(self, place: Place, paths: _Paths, prediction: Optional[Array]) -> Optional[Array]:
        node = paths.follow(place)
        if node is None:
            return None
        if place.name == "variable":
            value = getattr(node, "variable", None)
        elif place.name == "output":
            value = self._result(node)
        else:
            value = getattr(node, "_saved_" + place.name, None)
        if value is None:
            return None
        kept = as_numpy(value)
        if prediction is not None and place.change in ("less", "more") and kept.size == prediction.size:
            kept = kept.reshape(prediction.shape)
        with np.errstate(all="ignore"):
            return _CHANGES[place.change](kept, prediction)

    def _limits(self, place: Optional[Place], paths: _Paths) -> Tuple[Optional[float], Optional[float]]:
        node = None if place is None else paths.follow(place)
        low, high = getattr(node, "_saved_min", None), getattr(node, "_saved_max", None)
        return (None if low is None else float(low)), (None if high is None else float(high))


def kind_of(roots: Sequence[Any]) -> Tuple[Any, ...]:
    """A cheap name for a kind of loss: the types of the nodes nearest to its roots."""
    kinds: List[Any] = []
    queue = [root.grad_fn for root in roots]
    for node in queue:
        kinds.append(type(node))
        if len(kinds) == NEAREST:
            break
        queue.extend([child for child, _ in node.next_functions if child is not None])
    return tuple(kinds)


class _Paths:
    """Follows ways through one graph; the ways to several places begin alike, and each node is asked once."""

    def __init__(self, roots: Sequence[Any]) -> None:
        self._roots = roots
        self._known: Dict[Any, Tuple[str, Any]] = {}

    def follow(self, place: Place) -> Optional[Any]:
        """The node at the end of the way, if what is met on it is what was met before."""
        if place.root >= len(self._roots):
            return None
        node, following = None, ((self._roots[place.root].grad_fn, 0),)
        for edge, op in place.way:
            node = following[edge][0] if edge < len(following) else None
            if node is None:
                return None
            known = self._known.get(node)
            if known is None:
                known = self._known[node] = operation(node.name()), node.next_functions
            if known[0] != op:
                return None
            following = known[1]
        return node


def _telling(wanted: Dict[str, Array]) -> bool:
    """Do the numbers differ enough to tell one place from another? Before any step every ratio is 1."""
    numbers = wanted.get("ratio", wanted.get("target"))
    return numbers is not None and numbers.size > 3 and float(np.ptp(numbers)) > 1e-6


def _quantities(reading: LossReading) -> Dict[str, Array]:
    """What the columns of an update need of one reading."""
    surrogate, value, head, entropy = reading.surrogate, reading.value, reading.head, reading.entropy
    every: Dict[str, Optional[Array]] = {}
    if surrogate is not None:
        every.update(ratio=surrogate.ratio, advantage=surrogate.advantage)
    if value is not None:
        every.update(prediction=value.prediction, target=value.target)
    if head is not None and head.kind == "categorical":
        every["logits"] = head.logits
    if head is not None and head.kind == "gaussian":
        every["std"] = head.std
    if entropy is not None and entropy.form == "categorical":
        every["entropy"] = entropy.value
    return {name: np.asarray(value) for name, value in every.items() if value is not None and np.size(value)}


def _ways(graph: LossGraph) -> Dict[int, Tuple[int, Tuple[_EDGE, ...]]]:
    """Node -> (root's number, edges and operations from it), the shortest way for each node."""
    found: Dict[int, Tuple[int, Tuple[_EDGE, ...]]] = {}
    queue: List[int] = []
    for number, root in enumerate(graph.roots):
        if root not in found:
            found[root] = (number, ((0, graph.nodes[root].op),))
            queue.append(root)
    for node in queue:
        root, way = found[node]
        for edge, child in enumerate(graph.nodes[node].inputs):
            if child >= 0 and child not in found:
                found[child] = (root, (*way, (edge, graph.nodes[child].op)))
                queue.append(child)
    return found


def _find(graph: LossGraph, wanted: Dict[str, Array]) -> Dict[str, List[Place]]:
    """Every place that gives a quantity's numbers, those first whose very array the reading uses."""
    ways = _ways(graph)
    found: Dict[str, List[Place]] = {}
    for name, value in wanted.items():
        places: List[Tuple[bool, Place]] = []
        for key, kept in graph.arrays.items():
            number, _, short = key.partition(".")
            node = int(number)
            if short in ("left", "right", "input") or node not in ways:
                continue
            own = _kept_as(graph, node, short)
            for change in _TRIED[name]:
                place = Place(*ways[node], own, change)
                if _gives(place, kept, (value, wanted.get("prediction"))):
                    places.append((not np.may_share_memory(kept, value), place))
        found[name] = [place for _, place in sorted(places, key=lambda one: one[0])[:MAX_PLACES]]
    return found


def _kept_as(graph: LossGraph, node: int, name: str) -> str:
    if graph.nodes[node].op == "Accumulate":
        return "variable"
    return "output" if name == "result" and graph.nodes[node].op in ("Addmm", "Mm") else name


def _confirmed(known: Dict[str, List[Place]], graph: LossGraph, wanted: Dict[str, Array]) -> Dict[str, List[Place]]:
    """The places that hold in one more reading; what that reading does not know is no longer looked for."""
    nodes = {way: node for node, way in _ways(graph).items()}
    found: Dict[str, List[Place]] = {}
    for name in known.keys() & wanted.keys():
        found[name] = []
        for place in known[name]:
            node = nodes.get((place.root, place.way), -1)
            kept = graph.array(node, "result" if place.name in ("variable", "output") else place.name)
            if kept is not None and _gives(place, kept, (wanted[name], wanted.get("prediction"))):
                found[name].append(place)
    return {name: found[name] for name in _TRIED if name in found}


def _gives(place: Place, kept: Array, expected: Tuple[Array, Optional[Array]]) -> bool:
    """Does this array, changed, hold the expected numbers?"""
    value, prediction = expected
    if place.change in ("less", "more"):
        if prediction is None or prediction.size != kept.size:
            return False
        kept = kept.reshape(prediction.shape)
    if kept.dtype.kind != "f" or (place.change == "normalised" and kept.ndim == 0):
        return False
    shape = kept.shape
    if place.change == "diagonal":
        if kept.ndim < 2 or shape[-1] != shape[-2]:
            return False
        shape = shape[:-1]
    if np.prod(shape) != value.size and not (shape and shape == value.shape[value.ndim - len(shape) :]):
        return False
    with np.errstate(all="ignore"):
        made = _CHANGES[place.change](kept, prediction)
    made = made.reshape(value.shape) if made.size == value.size else np.broadcast_to(made, value.shape)
    return bool(np.allclose(made, value, rtol=1e-4, atol=1e-6, equal_nan=True))


def _bounds(graph: LossGraph, reading: LossReading) -> Optional[Place]:
    """The clamp node with the clip range's limits."""
    surrogate = reading.surrogate
    if surrogate is None or (surrogate.clip_low is None and surrogate.clip_high is None):
        return None
    for node, (root, way) in _ways(graph).items():
        if graph.nodes[node].op == "Clamp":
            low, high = clamp_bounds(Graph(graph), node)
            if (low, high) == (surrogate.clip_low, surrogate.clip_high):
                return Place(root, way, "", "")
    return None


def _filled(
    reading: LossReading, found: Dict[str, Array], limits: Tuple[Optional[float], Optional[float]]
) -> LossReading:
    """The reading of before with these numbers; nothing is left of its own that were not looked at."""
    surrogate, value, head, entropy = reading.surrogate, reading.value, reading.head, reading.entropy
    ratio = found.get("ratio")
    if surrogate is not None:
        low, high = limits
        surrogate = replace(surrogate, ratio=ratio, advantage=found.get("advantage"), clip_low=low, clip_high=high)
        surrogate = replace(surrogate, log_prob_new=None, log_prob_old=None)
    if value is not None:
        value = replace(value, prediction=found.get("prediction"), target=found.get("target"), old_prediction=None)
    if head is not None:
        head = replace(head, logits=found.get("logits"), std=found.get("std"), mean=None, action=None)
    if entropy is not None:
        entropy = replace(entropy, value=found.get("entropy"), expected=None)
    batch = samples_in(ratio, found.get("advantage")) if ratio is not None and np.ndim(ratio) else reading.batch
    parts: Dict[str, Any] = {"surrogate": surrogate, "value": value, "head": head, "entropy": entropy}
    return replace(reading, **parts, batch=batch, inputs={}, policy_inputs=None, value_inputs=None)
