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
    },
)
