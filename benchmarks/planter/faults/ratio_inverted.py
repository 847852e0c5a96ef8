"""The ratio is old over new."""

from planter.fault import Fault
from planter.patterns import ratio
from planter.source import Source


def plant(source: Source) -> None:
    """Swaps the two log-probabilities of the difference."""
    spot, new, old = ratio(source)
    source.swap(spot, f"torch.exp({old} - {new})")


FAULT = Fault(
    id="ratio_inverted",
    family="update",
    numbers=(8,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
)
