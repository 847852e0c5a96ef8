"""Hidden layers whose units answer nothing, or always the same, in every loss that was read."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Tuple

from ppodoctor.measures.graph import LAYERS, Graph
from ppodoctor.run import Run
from ppodoctor.specimens import MinibatchSpecimen

Found = Tuple[int, bool]
"""(update, does some hidden layer have that share?)"""


def always_from(run: Run, share: str, least: float) -> Optional[int]:
    """The first update of those in which some hidden layer has at least this share of units `dead` or `saturated`.

    It must have it in every minibatch of its loss that was read: actor and critic may have losses of their own, which
    are told apart by the parameters they reach. None where no layer has.
    """
    losses: Dict[FrozenSet[int], List[Found]] = {}
    for minibatch in run.minibatches:
        shares = _hidden(minibatch, f"{share}_share")
        if shares:
            reached = frozenset(node.param for node in minibatch.graph.nodes if node.op == "Accumulate")
            losses.setdefault(reached, []).append((minibatch.update, max(shares) >= least))
    always = [found for found in losses.values() if all(there for _, there in found)]
    return min((found[0][0] for found in always), default=None)


def _hidden(minibatch: MinibatchSpecimen, name: str) -> List[float]:
    """The shares of the activations that feed a layer."""
    if not any(name in node.attrs for node in minibatch.graph.nodes):
        return []
    graph = Graph(minibatch.graph)
    nodes = [i for i, node in enumerate(graph.nodes) if name in node.attrs]
    return [float(graph.nodes[i].attrs[name]) for i in nodes if _feeds_a_layer(graph, i)]


def _feeds_a_layer(graph: Graph, node: int) -> bool:
    waiting, seen = [node], {node}
    while waiting:
        for consumer, _ in graph.consumers[waiting.pop()]:
            if graph.op(consumer) in LAYERS:
                return True
            if consumer not in seen:
                seen.add(consumer)
                waiting.append(consumer)
    return False
