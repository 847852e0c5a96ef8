"""The new log-probability alone stands where the ratio should."""

from planter.fault import Fault
from planter.patterns import ratio
from planter.source import Source


def plant(source: Source) -> None:
    """The plain policy gradient of actor-critic, inside the clip."""
    spot, new, _ = ratio(source)
    source.swap(spot, new)


FAULT = Fault(
    id="ratio_without_old_policy",
    family="update",
    numbers=(1, 8),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    also=("ratio_without_exp",),
    heldout=True,
    edits={
        "pixel_catch": [
            (
                "log_ratio = dist.log_prob(actions[mb]) - logprobs[mb]\n            ratio = log_ratio.exp()",
                "ratio = dist.log_prob(actions[mb])",
            )
        ],
        "agent_args": [("ratio = logratio.exp()", "ratio = newlogprob")],
        "memory_batches": [
            ("prob_ratio = new_probs.exp() / old_probs.exp()", "prob_ratio = new_probs"),
            ("                old_probs = T.tensor(old_prob_arr[batch])\n", ""),
        ],
        "mini_library": [("ratio = torch.exp(log_prob - rollout_data.old_log_prob)", "ratio = log_prob")],
    },
)
