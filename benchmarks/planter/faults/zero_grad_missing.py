"""Gradients of earlier minibatches pile up."""

from planter.fault import Fault
from planter.patterns import statements_calling
from planter.source import Source


def plant(source: Source) -> None:
    """Removes every `zero_grad()`."""
    for spot in reversed(statements_calling(source, "zero_grad")):
        source.swap(spot, "pass")


FAULT = Fault(
    id="gradients_not_zeroed",
    family="update",
    numbers=(16,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "agent_args": [("                optimizer.zero_grad()\n", "")],
        "memory_batches": [
            (
                "                self.actor.optimizer.zero_grad()\n                self.critic.optimizer.zero_grad()\n",
                "",
            )
        ],
        "mini_library": [("                self.policy.optimizer.zero_grad()\n", "")],
    },
)
