"""The value prediction is [B, 1] and its target [B], or the other way round: their difference is [B, B]."""

from planter.fault import Fault

FAULT = Fault(
    id="value_broadcast",
    family="update",
    numbers=(12,),
    kind="exact",
    edits={
        "cartpole_vector": [("((newvalue - b_returns[mb]) ** 2)", "((newvalue.unsqueeze(-1) - b_returns[mb]) ** 2)")],
        "class_agent": [("self.critic(states[idx]).squeeze(-1)", "self.critic(states[idx])")],
        "own_softmax": [
            (
                "(net.v(s[i]) - target[i]).pow(2)",
                "(net.v(s[i]) - target[i].squeeze(-1)).pow(2).mean(dim=1, keepdim=True)",
            )
        ],
        "two_optimizers": [('v(data["obs"]).squeeze(-1) - data["ret"]', 'v(data["obs"]) - data["ret"]')],
        "pendulum_notebook": [("(return_ - value).pow(2)", "(return_.squeeze(-1) - value).pow(2)")],
        "vector_continuous": [("net.value(b_obs[mb]).squeeze(-1), b_ret[mb]", "net.value(b_obs[mb]), b_ret[mb]")],
        "drone_multidiscrete": [("F.mse_loss(value, ret[ids])", "F.mse_loss(value, ret[ids, None])")],
        "own_gaussian": [
            (
                "F.smooth_l1_loss(critic(obs[rows]), ret[rows])",
                "F.smooth_l1_loss(critic(obs[rows]).unsqueeze(1), ret[rows])",
            )
        ],
        "docking": [("mse_loss(values, targets)", "mse_loss(values.unsqueeze(-1), targets)")],
        "reach_functional": [("mse_loss(value_of(policy, obs), target)", 'mse_loss(policy["critic"](obs), target)')],
        "beta_buffer": [
            ("F.mse_loss(self.policy.value(obs), returns)", "F.mse_loss(self.policy.critic(obs), returns)")
        ],
        "spin_epochs": [('((ac.value(data["obs"]) - data["ret"]) ** 2)', '((ac.vf(data["obs"]) - data["ret"]) ** 2)')],
        "pixel_catch": [("(value - targets[mb])", "(value.unsqueeze(-1) - targets[mb])")],
        "masked_dict": [("smooth_l1_loss(critic(x).squeeze(-1), target)", "smooth_l1_loss(critic(x), target)")],
        "torch_sim": [
            (
                "            value = self.actor_critic.evaluate(obs)\n",
                "            value = self.actor_critic.evaluate(obs).squeeze(-1)\n",
            )
        ],
        "agent_args": [("                newvalue = newvalue.view(-1)\n", "")],
        "lstm_chunks": [('    columns["ret"] = returns\n', '    columns["ret"] = returns[..., None]\n')],
        "student_ppo": [("self.critic(states[index]).squeeze(-1)", "self.critic(states[index])")],
        "memory_batches": [("                critic_value = T.squeeze(critic_value)\n", "")],
        "team_shared": [
            ("        values = self.critic(share_obs).squeeze(-1)\n", "        values = self.critic(share_obs)\n")
        ],
        "tricks_ppo": [("            v_target = adv + vs\n", "            v_target = (adv + vs).flatten()\n")],
        "mini_library": [("                values = values.flatten()\n", "")],
    },
)
