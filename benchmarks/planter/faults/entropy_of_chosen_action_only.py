"""The bonus is -p log p of the action that was chosen."""

from planter.fault import Fault

FAULT = Fault(
    id="entropy_of_chosen_action_only",
    family="update",
    numbers=(14,),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("entropy_loss = entropy.mean()", "entropy_loss = -(newlogprob.exp() * newlogprob).mean()")
        ],
        "class_agent": [
            (
                "self.entropy_weight * dist.entropy().mean()",
                "self.entropy_weight * -(log_probs.exp() * log_probs).mean()",
            )
        ],
        "own_softmax": [("-(prob * torch.log(prob + 1e-8)).sum(dim=1, keepdim=True)", "-p * torch.log(p + 1e-8)")],
        "pendulum_notebook": [
            ("            entropy = dist.entropy().mean()\n", ""),
            (
                "            ratio = (new",
                ("            entropy = -(new_log_probs.exp() * new_log_probs).mean()\n            ratio = (new"),
            ),
        ],
        "recurrent_gru": [
            (
                'ratio = (dist.log_prob(d["action"][:, envs]) -',
                ('log_prob = dist.log_prob(d["action"][:, envs])\n            ratio = (log_prob -'),
            ),
            ("dist.entropy().mean()", "-(log_prob.exp() * log_prob).mean()"),
        ],
        "docking": [
            (
                "entropy = dist.entropy().mean()",
                ("chosen = dist.log_prob(actions)\n                entropy = -(chosen.exp() * chosen).mean()"),
            )
        ],
        "beta_buffer": [
            (
                "                ratio = torch.exp(dist.log_prob(actions).sum(-1) - old_log_probs)\n",
                (
                    "                new_log_probs = dist.log_prob(actions).sum(-1)\n"
                    "                ratio = torch.exp(new_log_probs - old_log_probs)\n"
                ),
            ),
            ("cfg.entropy_coef * dist.entropy().sum(-1).mean()", "cfg.entropy_coef * entropy"),
            (
                "                loss = policy_loss",
                (
                    "                entropy = -(new_log_probs.exp() * new_log_probs).mean()\n"
                    "                loss = policy_loss"
                ),
            ),
        ],
        "pixel_catch": [
            (
                "entropy = dist.entropy().mean()",
                "chosen = dist.log_prob(actions[mb])\n            entropy = -(chosen.exp() * chosen).mean()",
            )
        ],
        "masked_dict": [
            (
                "ratio = torch.exp(dist.log_prob(action) - old_log_prob)\n",
                "log_prob = dist.log_prob(action)\n            ratio = torch.exp(log_prob - old_log_prob)\n",
            ),
            ("dist.entropy().mean()", "-(log_prob.exp() * log_prob).mean()"),
        ],
        "torch_sim": [("entropy = dist.entropy().sum(dim=-1).mean()", "entropy = -(log_prob.exp() * log_prob).mean()")],
        "agent_args": [("entropy_loss = entropy.mean()", "entropy_loss = -(newlogprob.exp() * newlogprob).mean()")],
        "lstm_chunks": [("dist.entropy().mean()", "-(logp.exp() * logp).mean()")],
        "student_ppo": [
            ("self.ent_coef * dist.entropy().mean()", "self.ent_coef * (-log_probs.exp() * log_probs).mean()")
        ],
        "memory_batches": [("entropy = dist.entropy().mean()", "entropy = -(new_probs.exp() * new_probs).mean()")],
        "team_shared": [
            (
                "        imp_weights = torch.exp(dist.log_prob(actions) - old_log_probs)\n",
                (
                    "        action_log_probs = dist.log_prob(actions)\n"
                    "        imp_weights = torch.exp(action_log_probs - old_log_probs)\n"
                ),
            ),
            (
                "dist_entropy = dist.entropy().mean()",
                "dist_entropy = -(action_log_probs.exp() * action_log_probs).mean()",
            ),
        ],
        "tricks_ppo": [
            ("                dist_entropy = dist_now.entropy().sum(1, keepdim=True)\n", ""),
            (
                "                a_logprob_now = dist_now.log_prob(a[index])\n",
                (
                    "                a_logprob_now = dist_now.log_prob(a[index])\n"
                    "                dist_entropy = -(a_logprob_now.exp() * "
                    "a_logprob_now).sum(1, keepdim=True)\n"
                ),
            ),
        ],
        "mini_library": [
            ("entropy_loss = -torch.mean(entropy)", "entropy_loss = torch.mean(log_prob.exp() * log_prob)")
        ],
    },
)
