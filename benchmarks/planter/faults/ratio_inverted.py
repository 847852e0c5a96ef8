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
    edits={
        "pixel_catch": [
            (
                "log_ratio = dist.log_prob(actions[mb]) - logprobs[mb]\n",
                "log_ratio = logprobs[mb] - dist.log_prob(actions[mb])\n",
            )
        ],
        "agent_args": [("logratio = newlogprob - b_logprobs[mb_inds]", "logratio = b_logprobs[mb_inds] - newlogprob")],
        "memory_batches": [
            ("prob_ratio = new_probs.exp() / old_probs.exp()", "prob_ratio = old_probs.exp() / new_probs.exp()")
        ],
    },
)
