"""The advantage is formed in the update with the critic that is being trained, and carries its graph."""

from planter.fault import Fault

FAULT = Fault(
    id="advantage_not_detached",
    family="update",
    numbers=(10,),
    kind="exact",
    edits={
        "class_agent": [
            (
                "surr1 = ratios * advantages[idx]",
                (
                    "adv = returns[idx] - self.critic(states[idx]).squeeze(-1)\n"
                    "                adv = (adv - adv.mean()) / (adv.std() + 1e-8)\n"
                    "                surr1 = ratios * adv"
                ),
            ),
            ("1 + self.eps_clip) * advantages[idx]", "1 + self.eps_clip) * adv"),
            (
                (
                    "        with torch.no_grad():\n"
                    "            advantages = returns - self.critic(states).squeeze(-1)\n"
                    "        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)\n"
                ),
                "",
            ),
        ],
        "cartpole_vector": [("mb_advantages = b_advantages[mb]\n", "mb_advantages = b_returns[mb] - newvalue\n")],
        "drone_multidiscrete": [
            (
                "limited = torch",
                (
                    "advantage = ret[ids] - value\n"
                    "                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)\n"
                    "                limited = torch"
                ),
            ),
            ("ratio * adv[ids], limited * adv[ids]", "ratio * advantage, limited * advantage"),
        ],
        "docking": [
            (
                "advantages = (advantages - advantages.mean()) /",
                ("advantages = targets - values\n                advantages = (advantages - advantages.mean()) /"),
            )
        ],
        "recurrent_gru": [
            (
                "unclipped = ratio * adv[:, envs]",
                (
                    "edge = ret[:, envs] - value\n"
                    "            edge = (edge - edge.mean()) / (edge.std() + 1e-8)\n"
                    "            unclipped = ratio * edge"
                ),
            ),
            ("1 + args.clip) * adv[:, envs]", "1 + args.clip) * edge"),
        ],
        "beta_buffer": [
            (
                "                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)\n",
                (
                    "                values = self.policy.value(obs)\n"
                    "                advantages = returns - values\n"
                    "                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)\n"
                ),
            ),
            ("F.mse_loss(self.policy.value(obs), returns)", "F.mse_loss(values, returns)"),
        ],
        "pixel_catch": [
            (
                "mb_adv = (adv[mb] - adv[mb].mean()) / (adv[mb].std() + 1e-8)\n",
                (
                    "mb_adv = targets[mb] - value\n"
                    "            mb_adv = (mb_adv - mb_adv.mean()) / (mb_adv.std() + 1e-8)\n"
                ),
            )
        ],
        "masked_dict": [
            (
                "ratio = torch.exp(dist.log_prob(action) - old_log_prob)\n",
                (
                    "ratio = torch.exp(dist.log_prob(action) - old_log_prob)\n"
                    "            advantage = target - critic(x).squeeze(-1)\n"
                    "            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)\n"
                ),
            )
        ],
        "torch_sim": [
            (
                "            surrogate = -adv",
                (
                    "            advantages = returns - value\n"
                    "            advantages = (advantages - advantages.mean()) / "
                    "(advantages.std() + 1e-8)\n"
                    "            surrogate = -adv"
                ),
            )
        ],
        "agent_args": [
            (
                "                mb_advantages = b_advantages[mb_inds]\n",
                "                mb_advantages = b_returns[mb_inds] - newvalue.view(-1)\n",
            )
        ],
        "lstm_chunks": [
            (
                '            policy_loss = -torch.min(ratio * mb["adv"], clipped * mb["adv"]).mean()\n',
                (
                    '            advantage = mb["ret"] - values\n'
                    "            advantage = (advantage - advantage.mean()) / "
                    "(advantage.std() + 1e-8)\n"
                    "            policy_loss = -torch.min(ratio * advantage, clipped * "
                    "advantage).mean()\n"
                ),
            ),
            ('    columns["adv"] = (adv - adv.mean()) / (adv.std() + 1e-8)\n', ""),
        ],
        "student_ppo": [
            ("            values = self.critic(states).squeeze(-1)\n", ""),
            (
                (
                    "        advantages = returns - values\n"
                    "        advantages = (advantages - advantages.mean()) / "
                    "(advantages.std() + 1e-7)\n"
                ),
                "",
            ),
            (
                "                surr1 = ratios * advantages[index]\n",
                (
                    "                values = self.critic(states[index]).squeeze(-1)\n"
                    "                advantages = returns[index] - values\n"
                    "                advantages = (advantages - advantages.mean()) / "
                    "(advantages.std() + 1e-7)\n"
                    "                surr1 = ratios * advantages\n"
                ),
            ),
            ("1 + self.eps_clip) * advantages[index]", "1 + self.eps_clip) * advantages"),
            (
                "F.mse_loss(self.critic(states[index]).squeeze(-1), returns[index])",
                "F.mse_loss(values, returns[index])",
            ),
            ("actor_loss.backward()", "actor_loss.backward(retain_graph=True)"),
        ],
        "memory_batches": [
            ("                weights = T.tensor(advantage[batch])\n", ""),
            (
                "                critic_value = T.squeeze(critic_value)\n",
                (
                    "                critic_value = T.squeeze(critic_value)\n"
                    "                weights = returns - critic_value\n"
                    "                weights = (weights - weights.mean()) / (weights.std() "
                    "+ 1e-8)\n"
                ),
            ),
            ("        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)\n", ""),
        ],
        "team_shared": [
            (
                "        surr1 = imp_weights * adv_targ\n",
                (
                    "        adv_targ = returns - self.critic(share_obs).squeeze(-1)\n"
                    "        adv_targ = (adv_targ - adv_targ.mean()) / (adv_targ.std() + "
                    "1e-5)\n"
                    "        surr1 = imp_weights * adv_targ\n"
                ),
            )
        ],
        "tricks_ppo": [
            (
                "                surr1 = ratios * adv[index]\n",
                (
                    "                adv_now = v_target[index] - self.critic(s[index])\n"
                    "                adv_now = (adv_now - adv_now.mean()) / (adv_now.std() "
                    "+ 1e-5)\n"
                    "                surr1 = ratios * adv_now\n"
                ),
            ),
            ("1 + self.epsilon) * adv[index]", "1 + self.epsilon) * adv_now"),
        ],
        "mini_library": [("advantages = rollout_data.advantages\n", "advantages = rollout_data.returns - values\n")],
    },
)
