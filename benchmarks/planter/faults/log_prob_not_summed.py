"""Every action dimension has a ratio of its own."""

from planter.fault import Fault

FAULT = Fault(
    id="log_prob_not_summed",
    family="update",
    numbers=(4,),
    kind="exact",
    edits={
        "drone_multidiscrete": [
            (
                "enumerate(dists)], dim=1).sum(dim=1)\n\n\ndef joint_entropy",
                "enumerate(dists)], dim=1)\n\n\ndef joint_entropy",
            ),
            (
                "adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8))",
                "adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8)).unsqueeze(1)",
            ),
        ],
        "reach_functional": [
            ("return dist.log_prob(action).sum(-1)", "return dist.log_prob(action)"),
            ("    surrogate = torch.minimum", "    advantage = advantage[:, None]\n    surrogate = torch.minimum"),
        ],
        "beta_buffer": [
            (
                "        self.log_probs, self.values, self.rewards = torch.zeros(3, length, n_envs)\n",
                (
                    "        self.log_probs = torch.zeros(length, n_envs, act_dim)\n"
                    "        self.values, self.rewards = torch.zeros(2, length, n_envs)\n"
                ),
            ),
            ("dist.log_prob(unit_actions).sum(-1)", "dist.log_prob(unit_actions)"),
            ("dist.log_prob(actions).sum(-1)", "dist.log_prob(actions)"),
            (
                "advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)",
                "advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).unsqueeze(-1)",
            ),
        ],
        "torch_sim": [
            (
                "self.actions_log_prob, self.values = (torch.zeros(num_steps, num_envs, 1) for _ in range(2))",
                (
                    "self.actions_log_prob = torch.zeros(num_steps, num_envs, num_actions)\n"
                    "        self.values = torch.zeros(num_steps, num_envs, 1)"
                ),
            ),
            ("self.distribution.log_prob(actions).sum(dim=-1)", "self.distribution.log_prob(actions)"),
            ("log_prob - old_log_prob.squeeze(-1)", "log_prob - old_log_prob"),
            ("surrogate = -advantages.squeeze(-1) * ratio\n", "surrogate = -advantages * ratio\n"),
            ("surrogate_clipped = -advantages.squeeze(-1) *", "surrogate_clipped = -advantages *"),
        ],
        "agent_args": [
            ("probs.log_prob(action).sum(1)", "probs.log_prob(action)"),
            (
                "    logprobs = torch.zeros((args.num_steps, args.num_envs))\n",
                "    logprobs = torch.zeros((args.num_steps, args.num_envs) + envs.single_action_space.shape)\n",
            ),
            (
                "b_logprobs = logprobs.reshape(-1)",
                "b_logprobs = logprobs.reshape((-1,) + envs.single_action_space.shape)",
            ),
            (
                "                mb_advantages = b_advantages[mb_inds]\n",
                "                mb_advantages = b_advantages[mb_inds].unsqueeze(1)\n",
            ),
        ],
        "student_ppo": [
            ("from torch.distributions import MultivariateNormal", "from torch.distributions import Normal"),
            ("        cov_mat = torch.diag(torch.exp(2 * self.log_std))\n", ""),
            ("return MultivariateNormal(mean, cov_mat)", "return Normal(mean, torch.exp(self.log_std))"),
            ("return action.numpy(), log_prob.item()", "return action.numpy(), log_prob.numpy()"),
            ("torch.tensor(self.memory.log_probs)", "torch.tensor(np.array(self.memory.log_probs))"),
            (
                "                surr1 = ratios * advantages[index]\n",
                "                surr1 = ratios * advantages[index].unsqueeze(1)\n",
            ),
            ("1 + self.eps_clip) * advantages[index]", "1 + self.eps_clip) * advantages[index].unsqueeze(1)"),
        ],
        "tricks_ppo": [
            (
                "torch.exp(a_logprob_now.sum(1, keepdim=True) - a_logprob[index].sum(1, keepdim=True))",
                "torch.exp(a_logprob_now - a_logprob[index])",
            )
        ],
    },
)
