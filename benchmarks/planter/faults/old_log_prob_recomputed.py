"""The old log-probability comes from the policy as it is now, so that the ratio is always one."""

from planter.fault import Fault
from planter.patterns import ratio
from planter.source import Source


def plant(source: Source) -> None:
    """The new log-probability, detached, stands for the old one."""
    spot, new, _ = ratio(source)
    source.swap(spot, f"torch.exp({new} - ({new}).detach())")


FAULT = Fault(
    id="old_log_prob_recomputed",
    family="update",
    numbers=(1,),
    kind="exact",
    plant=plant,
    needs=frozenset({"own_loop"}),
    edits={
        "pixel_catch": [
            (
                "log_ratio = dist.log_prob(actions[mb]) - logprobs[mb]\n",
                "log_ratio = dist.log_prob(actions[mb]) - dist.log_prob(actions[mb]).detach()\n",
            )
        ],
        "agent_args": [
            (
                "                logratio = newlogprob - b_logprobs[mb_inds]\n",
                (
                    "                with torch.no_grad():\n"
                    "                    _, oldlogprob, _, _ = "
                    "agent.get_action_and_value(b_obs[mb_inds], b_actions[mb_inds])\n"
                    "                logratio = newlogprob - oldlogprob\n"
                ),
            )
        ],
        "student_ppo": [
            (
                "                ratios = torch.exp(log_probs - old_log_probs[index])\n",
                (
                    "                self.old_actor.load_state_dict(self.actor.state_dict()"
                    ")\n"
                    "                with torch.no_grad():\n"
                    "                    old_log_probs = "
                    "self.old_actor(states[index]).log_prob(actions[index])\n"
                    "                ratios = torch.exp(log_probs - old_log_probs)\n"
                ),
            ),
            ("        old_log_probs = torch.tensor(self.memory.log_probs)\n", ""),
        ],
        "memory_batches": [
            ("                old_probs = T.tensor(old_prob_arr[batch])\n", ""),
            (
                "                dist = self.actor(states)\n                critic_value",
                (
                    "                with T.no_grad():\n"
                    "                    old_probs = self.actor(states).log_prob(actions)\n"
                    "                dist = self.actor(states)\n"
                    "                critic_value"
                ),
            ),
        ],
        "mini_library": [
            (
                "ratio = torch.exp(log_prob - rollout_data.old_log_prob)",
                (
                    "with torch.no_grad():\n"
                    "                    distribution = "
                    "self.policy.get_distribution(rollout_data.observations)\n"
                    "                    old_log_prob = "
                    "distribution.log_prob(rollout_data.actions)\n"
                    "                ratio = torch.exp(log_prob - old_log_prob)"
                ),
            )
        ],
    },
)
