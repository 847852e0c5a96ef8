"""The entropy bonus is added to the loss, which punishes exploration."""

from planter.fault import Fault
from planter.patterns import entropy_term
from planter.source import Source


def plant(source: Source) -> None:
    """`loss - c * entropy` becomes `loss + c * entropy`."""
    spot = entropy_term(source)
    source.swap(spot, f"{source.text(spot, spot.node.left)} + {source.text(spot, spot.node.right)}")


FAULT = Fault(
    id="entropy_sign_flipped",
    family="update",
    numbers=(13,),
    kind="exact",
    plant=plant,
    needs=frozenset({"entropy", "own_loop"}),
    edits={
        "mini_library": [("entropy_loss = -torch.mean(entropy)", "entropy_loss = torch.mean(entropy)")],
    },
)
