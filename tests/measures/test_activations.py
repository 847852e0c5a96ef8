"""Layers whose units are stuck: told loss by loss, and only where another layer is fed by them."""

from __future__ import annotations

from ppodoctor.measures.activations import always_from
from ppodoctor.run import Run
from ppodoctor.specimens import GraphNode, LossGraph, MinibatchSpecimen


def loss(index: int, share: float, *, parameter: int = 0, update: int = 1, hidden: bool = True) -> MinibatchSpecimen:
    """A loss whose tanh lies between two layers, or behind the last one."""
    tanh = GraphNode("Tanh", (2,), {"saturated_share": share})
    nodes = [
        GraphNode("Addmm", (1,)) if hidden else GraphNode("Mean", (1,)),
        tanh,
        GraphNode("Addmm", (3,)),
        GraphNode("Accumulate", param=parameter),
    ]
    return MinibatchSpecimen(update, index, index, 0, LossGraph(nodes, {}))


def run(*minibatches: MinibatchSpecimen) -> Run:
    return Run(folder=None, minibatches=minibatches)


def test_a_layer_that_is_stuck_in_every_loss():
    assert always_from(run(loss(0, 0.99, update=2), loss(1, 0.98, update=3)), "saturated", 0.95) == 2
    assert always_from(run(loss(0, 0.99), loss(1, 0.5)), "saturated", 0.95) is None


def test_actor_and_critic_may_have_losses_of_their_own():
    both = run(loss(0, 0.99), loss(1, 0.01, parameter=7), loss(2, 0.99), loss(3, 0.01, parameter=7))
    assert always_from(both, "saturated", 0.95) == 1


def test_a_bounded_output_is_no_hidden_layer():
    assert always_from(run(loss(0, 1.0, hidden=False)), "saturated", 0.95) is None
