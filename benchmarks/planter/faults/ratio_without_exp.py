"""The difference of log-probabilities stands where the ratio should."""

from planter.fault import Fault
from planter.patterns import ratio
from planter.source import Source


def plant(source: Source) -> None:
    """Takes the exponential away."""
    spot, new, old = ratio(source)
    source.swap(spot, f"({new} - {old})")


FAULT = Fault(
    id="ratio_without_exp",
    family="update",
    numbers=(8,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "pixel_catch": [("ratio = log_ratio.exp()", "ratio = log_ratio")],
        "agent_args": [("ratio = logratio.exp()", "ratio = logratio")],
        "memory_batches": [("prob_ratio = new_probs.exp() / old_probs.exp()", "prob_ratio = new_probs - old_probs")],
    },
)
