"""Every step is credited with the reward of the step before; not on CartPole, where every reward is 1."""

from planter.fault import Fault

FAULT = Fault(
    id="rewards_shifted",
    family="data",
    numbers=(33,),
    kind="exact",
    edits={
        "pendulum_notebook": [
            (
                "    values = values + [next_value]\n",
                ("    values = values + [next_value]\n    rewards = rewards[-1:] + rewards[:-1]\n"),
            )
        ],
        "vector_continuous": [
            (
                "        adv = torch.zeros_like(self.reward)\n",
                ("        self.reward = self.reward.roll(1, 0)\n        adv = torch.zeros_like(self.reward)\n"),
            )
        ],
        "drone_multidiscrete": [
            ("        adv, acc = np", "        rewards = rewards[-1:] + rewards[:-1]\n        adv, acc = np")
        ],
        "docking": [
            (
                "        following, running =",
                ("        self.rewards = self.rewards.roll(1, 0)\n        following, running ="),
            )
        ],
        "reach_functional": [
            ("    surprise = traj", ("    traj = traj._replace(reward=traj.reward.roll(1, 0))\n    surprise = traj"))
        ],
        "own_gaussian": [("    ADV = np.zeros", "    R = np.roll(R, 1, axis=0)\n    ADV = np.zeros")],
        "beta_buffer": [("deltas = self.rewards +", "deltas = self.rewards.roll(1, 0) +")],
        "pixel_catch": [('dones = rollout["rewards"], roll', 'dones = rollout["rewards"].roll(1, 0), roll')],
        "masked_dict": [
            (
                "    for step in reversed(rollout):\n",
                "    for step, before in zip(reversed(rollout), [*reversed(rollout[:-1]), rollout[-1]]):\n",
            ),
            ('target = step["reward"]', 'target = before["reward"]'),
        ],
        "torch_sim": [("delta = self.rewards[step] +", "delta = self.rewards[step - 1] +")],
        "agent_args": [("rewards[step] = torch", "rewards[(step + 1) % args.num_steps] = torch")],
        "lstm_chunks": [
            (
                '    adv = np.zeros_like(buf["reward"])\n',
                '    adv = np.zeros_like(buf["reward"])\n    rewards = np.roll(buf["reward"], 1, axis=0)\n',
            ),
            ('delta = buf["reward"][t] +', "delta = rewards[t] +"),
        ],
        "student_ppo": [
            ("    scores, score = deque(maxlen=50), 0.0\n", "    scores, score, reward = deque(maxlen=50), 0.0, 0.0\n"),
            (
                "        action, log_prob = agent.act(state)\n",
                "        action, log_prob = agent.act(state)\n        last_reward = reward\n",
            ),
            ("agent.store(state, action, log_prob, reward,", "agent.store(state, action, log_prob, last_reward,"),
        ],
        "memory_batches": [("(reward_arr[k] + self", "(reward_arr[k - 1] + self")],
        "team_shared": [
            ("buffer.rewards[step, e] = [", "buffer.rewards[(step + 1) % self.args.episode_length, e] = [")
        ],
        "tricks_ppo": [("        self.r[self.count] = r\n", "        self.r[(self.count + 1) % len(self.r)] = r\n")],
        "mini_library": [
            (
                (
                    "self.rollout_buffer.add(self._last_obs, actions, rewards, "
                    "self._last_episode_starts, values, log_probs)\n"
                    "            self._last_obs, self._last_episode_starts = new_obs, "
                    "dones\n"
                ),
                (
                    "self.rollout_buffer.add(self._last_obs, actions, self._last_rewards, "
                    "self._last_episode_starts, values, log_probs)\n"
                    "            self._last_obs, self._last_episode_starts, "
                    "self._last_rewards = new_obs, dones, rewards\n"
                ),
            ),
            (
                "        iteration = 0\n",
                "        self._last_rewards = np.zeros(self.env.num_envs, dtype=np.float32)\n        iteration = 0\n",
            ),
        ],
    },
)
