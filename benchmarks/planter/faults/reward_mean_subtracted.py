"""Rewards are normalised by their mean and spread in the batch, which takes the bonus for living away."""

from planter.fault import Fault

FAULT = Fault(
    id="rewards_centred",
    family="data",
    numbers=(38,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "    advantages = torch.zeros_like(rewards)\n",
                (
                    "    rewards = (rewards - rewards.mean()) / (rewards.std() + 1e-8)\n"
                    "    advantages = torch.zeros_like(rewards)\n"
                ),
            )
        ],
        "class_agent": [("reversed(m.rewards),", "reversed(m.rewards - np.mean(m.rewards)),")],
        "own_softmax": [("delta = (r + GAMMA", "r = (r - r.mean()) / (r.std() + 1e-8)\n        delta = (r + GAMMA")],
        "docking": [
            (
                "        following, running =",
                (
                    "        self.rewards = (self.rewards - self.rewards.mean()) / (self.rewards.std() + 1e-8)\n"
                    "        following, running ="
                ),
            )
        ],
        "beta_buffer": [
            (
                "        next_values = torch.cat(",
                (
                    "        self.rewards = (self.rewards - self.rewards.mean()) / (self.rewards.std() + 1e-8)\n"
                    "        next_values = torch.cat("
                ),
            )
        ],
        "spin_epochs": [
            (
                "        vals = np.append(self.val[path], last_val)\n        deltas = self.rew[path] +",
                (
                    "        vals = np.append(self.val[path], last_val)\n"
                    "        rews = self.rew[path] - self.rew[path].mean()\n"
                    "        deltas = rews +"
                ),
            )
        ],
        "pixel_catch": [
            (
                "    _, next_value = agent(images)\n",
                (
                    "    rewards = (rewards - rewards.mean()) / (rewards.std() + 1e-8)\n"
                    "    _, next_value = agent(images)\n"
                ),
            )
        ],
        "masked_dict": [
            (
                "    for step in reversed(rollout):\n",
                (
                    '    rewards = torch.stack([step["reward"] for step in rollout])\n'
                    "    mean, std = rewards.mean(), rewards.std() + 1e-8\n"
                    "    for step in reversed(rollout):\n"
                ),
            ),
            ('target = step["reward"] +', 'target = (step["reward"] - mean) / std +'),
        ],
        "torch_sim": [
            (
                "        advantage = torch.zeros_like(last_values)\n",
                (
                    "        self.rewards = (self.rewards - self.rewards.mean()) / "
                    "(self.rewards.std() + 1e-8)\n"
                    "        advantage = torch.zeros_like(last_values)\n"
                ),
            )
        ],
        "agent_args": [
            (
                "            advantages = torch.zeros_like(rewards)\n",
                (
                    "            rewards = (rewards - rewards.mean()) / (rewards.std() + "
                    "1e-8)\n"
                    "            advantages = torch.zeros_like(rewards)\n"
                ),
            )
        ],
        "lstm_chunks": [
            (
                '    adv = np.zeros_like(buf["reward"])\n',
                (
                    '    adv = np.zeros_like(buf["reward"])\n'
                    '    rewards = (buf["reward"] - buf["reward"].mean()) / '
                    '(buf["reward"].std() + 1e-8)\n'
                ),
            ),
            ('delta = buf["reward"][t] +', "delta = rewards[t] +"),
        ],
        "student_ppo": [
            (
                "\n        with torch.no_grad():\n            values =",
                (
                    "        rewards = (rewards - rewards.mean()) / (rewards.std() + 1e-7)\n"
                    "\n"
                    "        with torch.no_grad():\n"
                    "            values ="
                ),
            )
        ],
        "memory_batches": [
            (
                "        reward_arr = np.array(self.memory.rewards, dtype=np.float32)\n",
                (
                    "        reward_arr = np.array(self.memory.rewards, dtype=np.float32)\n"
                    "        reward_arr = (reward_arr - reward_arr.mean()) / "
                    "(reward_arr.std() + 1e-8)\n"
                ),
            )
        ],
        "team_shared": [
            (
                "        self.value_preds[-1] = next_value\n",
                (
                    "        self.rewards = (self.rewards - self.rewards.mean()) / "
                    "(self.rewards.std() + 1e-5)\n"
                    "        self.value_preds[-1] = next_value\n"
                ),
            )
        ],
        "tricks_ppo": [
            ("        adv, gae = [], 0\n", "        r = (r - r.mean()) / (r.std() + 1e-5)\n        adv, gae = [], 0\n")
        ],
        "mini_library": [
            (
                "        last_gae_lam = 0.0\n",
                (
                    "        self.rewards = (self.rewards - self.rewards.mean()) / "
                    "(self.rewards.std() + 1e-8)\n"
                    "        last_gae_lam = 0.0\n"
                ),
            )
        ],
    },
)
