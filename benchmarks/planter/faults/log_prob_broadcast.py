"""One of the two log-probabilities is [B, 1]: their difference is [B, B]."""

from planter.fault import Fault

FAULT = Fault(
    id="log_prob_broadcast",
    family="update",
    numbers=(3,),
    kind="exact",
    edits={
        "cartpole_vector": [("newlogprob - b_logprobs[mb]", "newlogprob - b_logprobs[mb].unsqueeze(1)")],
        "class_agent": [("log_probs - old_log_probs[idx]", "log_probs.view(-1, 1) - old_log_probs[idx]")],
        "two_optimizers": [
            ('ratio = torch.exp(logp - data["logp"])', 'ratio = torch.exp(logp - data["logp"].unsqueeze(-1))')
        ],
        "vector_continuous": [("- b_logp[mb])", "- b_logp[mb, None])")],
        "own_gaussian": [("logp - logp_old[rows]", "logp - logp_old[rows].view(-1, 1)")],
        "docking": [("- old_log_probs)", "- old_log_probs.unsqueeze(1))")],
        "beta_buffer": [("sum(-1) - old_log_probs)", "sum(-1) - old_log_probs.unsqueeze(1))")],
        "spin_epochs": [('torch.exp(logp - data["logp"])', 'torch.exp(logp - data["logp"].unsqueeze(-1))')],
        "pixel_catch": [("- logprobs[mb]\n", "- logprobs[mb].unsqueeze(1)\n")],
        "masked_dict": [("- old_log_prob)", "- old_log_prob.unsqueeze(1))")],
        "torch_sim": [("log_prob - old_log_prob.squeeze(-1)", "log_prob - old_log_prob")],
        "agent_args": [
            ("probs.log_prob(action).sum(1)", "probs.log_prob(action).sum(1, keepdim=True)"),
            ("logprobs[step] = logprob\n", "logprobs[step] = logprob.flatten()\n"),
        ],
        "lstm_chunks": [('torch.exp(logp - mb["logp"])', 'torch.exp(logp - mb["logp"].unsqueeze(-1))')],
        "student_ppo": [
            (
                "old_log_probs = torch.tensor(self.memory.log_probs)",
                "old_log_probs = torch.tensor(self.memory.log_probs).view(-1, 1)",
            )
        ],
        "memory_batches": [
            (
                "return T.squeeze(action).item(), T.squeeze(probs).item(), T.squeeze(value).item()",
                "return T.squeeze(action).item(), probs.numpy(), T.squeeze(value).item()",
            )
        ],
        "team_shared": [
            (
                "        self.action_log_probs = np.zeros(shape, dtype=np.float32)\n",
                "        self.action_log_probs = np.zeros((*shape, 1), dtype=np.float32)\n",
            ),
            ("= actions, log_probs\n", "= actions, log_probs[..., None]\n"),
        ],
        "tricks_ppo": [("a_logprob[index].sum(1, keepdim=True)", "a_logprob[index].sum(1)")],
        "mini_library": [
            (
                "return self.predict_values(obs), distribution.log_prob(actions), distribution.entropy()",
                (
                    "log_prob = distribution.log_prob(actions).unsqueeze(-1)\n"
                    "        return self.predict_values(obs), log_prob, "
                    "distribution.entropy()"
                ),
            )
        ],
    },
)
