"""Both log-probabilities of the ratio are one tensor with its graph: the policy gets no gradient."""

from planter.fault import Fault
from planter.patterns import ratio
from planter.source import Source


def plant(source: Source) -> None:
    """The new log-probability, graph and all, stands for the old one."""
    spot, new, _ = ratio(source)
    source.swap(spot, f"torch.exp({new} - {new})")


FAULT = Fault(
    id="old_log_prob_recomputed",
    family="update",
    numbers=(1,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    also=("ratio_without_old_policy",),
    heldout=True,
    edits={
        "pixel_catch": [
            (
                "log_ratio = dist.log_prob(actions[mb]) - logprobs[mb]\n",
                "log_ratio = dist.log_prob(actions[mb]) - dist.log_prob(actions[mb])\n",
            )
        ],
        "agent_args": [
            (
                "                logratio = newlogprob - b_logprobs[mb_inds]\n",
                (
                    "                _, oldlogprob, _, _ = "
                    "agent.get_action_and_value(b_obs[mb_inds], b_actions[mb_inds])\n"
                    "                logratio = newlogprob - oldlogprob\n"
                ),
            )
        ],
        "memory_batches": [
            (
                "prob_ratio = new_probs.exp() / old_probs.exp()",
                "prob_ratio = new_probs.exp() / dist.log_prob(actions).exp()",
            )
        ],
        "mini_library": [
            (
                "ratio = torch.exp(log_prob - rollout_data.old_log_prob)",
                (
                    "_, old_log_prob, _ = "
                    "self.policy.evaluate_actions(rollout_data.observations, "
                    "rollout_data.actions)\n"
                    "                ratio = torch.exp(log_prob - old_log_prob)"
                ),
            )
        ],
    },
)
