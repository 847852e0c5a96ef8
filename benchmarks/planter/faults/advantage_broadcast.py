"""The advantage is [B, 1] and the ratio [B], or the other way round: every ratio meets every advantage."""

from planter.fault import Fault

FAULT = Fault(
    id="advantage_broadcast",
    family="update",
    numbers=(2,),
    kind="exact",
    edits={
        "cartpole_vector": [("mb_advantages = b_advantages[mb]\n", "mb_advantages = b_advantages[mb].view(-1, 1)\n")],
        "class_agent": [
            (
                "advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)",
                "advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).unsqueeze(1)",
            )
        ],
        "own_softmax": [
            ("    return adv, adv + v", "    return adv.squeeze(1), adv + v"),
            ("loss = (policy_loss + VALUE_COEF", "loss = (policy_loss.mean() + VALUE_COEF"),
        ],
        "two_optimizers": [("adv=adv,", "adv=adv[:, None],")],
        "pendulum_notebook": [
            ("surr1 = ratio * advantage", ("advantage = advantage.squeeze(-1)\n            surr1 = ratio * advantage"))
        ],
        "vector_continuous": [("adv = b_adv[mb]\n", "adv = b_adv[mb].unsqueeze(1)\n")],
        "drone_multidiscrete": [
            (
                "adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8))",
                "adv = torch.from_numpy((adv - adv.mean()) / (adv.std() + 1e-8)).unsqueeze(1)",
            )
        ],
        "own_gaussian": [("a = adv[rows]\n", "a = adv[rows, None]\n")],
        "docking": [
            (
                "advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)",
                "advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).reshape(-1, 1)",
            )
        ],
        "reach_functional": [
            ("    surrogate = torch.minimum", "    advantage = advantage[:, None]\n    surrogate = torch.minimum")
        ],
        "beta_buffer": [
            (
                "advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)",
                "advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).unsqueeze(1)",
            )
        ],
        "spin_epochs": [("adv=normed,", "adv=normed[:, None],")],
        "pixel_catch": [
            (
                "mb_adv = (adv[mb] - adv[mb].mean()) / (adv[mb].std() + 1e-8)\n",
                (
                    "mb_adv = (adv[mb] - adv[mb].mean()) / (adv[mb].std() + 1e-8)\n"
                    "            mb_adv = mb_adv.view(-1, 1)\n"
                ),
            )
        ],
        "masked_dict": [
            (
                "    adv = (adv - adv.mean()) / (adv.std() + 1e-8)\n",
                "    adv = ((adv - adv.mean()) / (adv.std() + 1e-8)).unsqueeze(-1)\n",
            )
        ],
        "torch_sim": [
            ("surrogate = -advantages.squeeze(-1) * ratio\n", "surrogate = -advantages * ratio\n"),
            ("surrogate_clipped = -advantages.squeeze(-1) *", "surrogate_clipped = -advantages *"),
        ],
        "agent_args": [
            (
                (
                    "                mb_advantages = (mb_advantages - "
                    "mb_advantages.mean()) / (mb_advantages.std() + 1e-8)\n"
                ),
                (
                    "                mb_advantages = (mb_advantages - "
                    "mb_advantages.mean()) / (mb_advantages.std() + 1e-8)\n"
                    "                mb_advantages = mb_advantages.view(-1, 1)\n"
                ),
            )
        ],
        "lstm_chunks": [
            (
                'columns["adv"] = (adv - adv.mean()) / (adv.std() + 1e-8)',
                'columns["adv"] = ((adv - adv.mean()) / (adv.std() + 1e-8))[..., None]',
            )
        ],
        "student_ppo": [
            ("values = self.critic(states).squeeze(-1)\n", "values = self.critic(states)\n"),
            ("advantages = returns - values\n", "advantages = returns.unsqueeze(1) - values\n"),
        ],
        "memory_batches": [
            ("weights = T.tensor(advantage[batch])", "weights = T.tensor(advantage[batch]).view(-1, 1)")
        ],
        "team_shared": [
            (
                "self.action_log_probs, advantages, self.returns)",
                "self.action_log_probs, advantages[..., None], self.returns)",
            )
        ],
        "tricks_ppo": [
            ("adv = torch.tensor(adv, dtype=torch.float).view(-1, 1)", "adv = torch.tensor(adv, dtype=torch.float)"),
            ("            v_target = adv + vs\n", "            v_target = adv.view(-1, 1) + vs\n"),
        ],
        "mini_library": [
            ("advantages = rollout_data.advantages\n", "advantages = rollout_data.advantages.reshape(-1, 1)\n")
        ],
    },
)
