"""The recursion carries the advantage of one environment into its neighbour."""

from planter.fault import Fault

FAULT = Fault(
    id="gae_leaks_across_environments",
    family="advantage",
    numbers=(32,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                ("        lastgaelam = delta + args.gamma * args.gae_lambda * (1.0 - dones[t]) * lastgaelam\n"),
                ("        lastgaelam = delta + args.gamma * args.gae_lambda * (1.0 - dones[t]) * lastgaelam.roll(1)\n"),
            )
        ],
        "reach_functional": [
            (
                "advantages.append(delta + carry * advantages[-1])",
                "advantages.append(delta + carry * advantages[-1].roll(1))",
            )
        ],
        "own_gaussian": [("~ENDED[t] * tail", "~ENDED[t] * np.roll(tail, 1)")],
        "beta_buffer": [("keep_going[t] * gae", "keep_going[t] * gae.roll(1)")],
        "pixel_catch": [("* alive * running\n", "* alive * running.roll(1)\n")],
        "masked_dict": [('(1 - step["over"]) * tail', '(1 - step["over"]) * tail.roll(1)')],
        "torch_sim": [("gamma * lam * not_done * advantage\n", "gamma * lam * not_done * advantage.roll(1, 0)\n")],
        "agent_args": [
            (
                (
                    "            lastgaelam = 0\n"
                    "            for t in reversed(range(args.num_steps)):\n"
                    "                if t == args.num_steps - 1:\n"
                    "                    nextnonterminal = 1.0 - next_done\n"
                    "                    nextvalues = next_value\n"
                    "                else:\n"
                    "                    nextnonterminal = 1.0 - dones[t + 1]\n"
                    "                    nextvalues = values[t + 1]\n"
                    "                nextvalues = nextvalues * nextnonterminal + "
                    "cut_values[t]\n"
                    "                delta = rewards[t] + args.gamma * nextvalues - "
                    "values[t]\n"
                    "                advantages[t] = lastgaelam = delta + args.gamma * "
                    "args.gae_lambda * nextnonterminal * lastgaelam\n"
                ),
                (
                    "            lastgaelam = 0\n"
                    "            for i in reversed(range(args.num_envs)):\n"
                    "                for t in reversed(range(args.num_steps)):\n"
                    "                    if t == args.num_steps - 1:\n"
                    "                        nextnonterminal = 1.0 - next_done[i]\n"
                    "                        nextvalues = next_value[i]\n"
                    "                    else:\n"
                    "                        nextnonterminal = 1.0 - dones[t + 1, i]\n"
                    "                        nextvalues = values[t + 1, i]\n"
                    "                    nextvalues = nextvalues * nextnonterminal + "
                    "cut_values[t, i]\n"
                    "                    delta = rewards[t, i] + args.gamma * nextvalues - "
                    "values[t, i]\n"
                    "                    lastgaelam = delta + args.gamma * args.gae_lambda "
                    "* nextnonterminal * lastgaelam\n"
                    "                    advantages[t, i] = lastgaelam\n"
                ),
            )
        ],
        "lstm_chunks": [('(1.0 - buf["ended"][t]) * running', '(1.0 - buf["ended"][t]) * np.roll(running, 1)')],
        "team_shared": [
            (
                (
                    "        gae = np.zeros_like(next_value)\n"
                    "        for step in reversed(range(len(self.rewards))):\n"
                    "            going_on = self.masks[step + 1]\n"
                    "            worth = going_on * self.value_preds[step + 1] + "
                    "self.timeout_values[step]\n"
                    "            delta = self.rewards[step] + gamma * worth - "
                    "self.value_preds[step]\n"
                    "            gae = delta + gamma * gae_lambda * going_on * gae\n"
                    "            self.advantages[step] = gae\n"
                ),
                (
                    "        gae = 0.0\n"
                    "        for e in reversed(range(next_value.shape[0])):\n"
                    "            for step in reversed(range(len(self.rewards))):\n"
                    "                going_on = self.masks[step + 1, e]\n"
                    "                worth = going_on * self.value_preds[step + 1, e] + "
                    "self.timeout_values[step, e]\n"
                    "                delta = self.rewards[step, e] + gamma * worth - "
                    "self.value_preds[step, e]\n"
                    "                gae = delta + gamma * gae_lambda * going_on * gae\n"
                    "                self.advantages[step, e] = gae\n"
                ),
            )
        ],
        "mini_library": [
            (
                (
                    "        last_gae_lam = 0.0\n"
                    "        for step in reversed(range(self.buffer_size)):\n"
                    "            if step == self.buffer_size - 1:\n"
                    "                next_non_terminal = 1.0 - dones.astype(np.float32)\n"
                    "                next_values = last_values\n"
                    "            else:\n"
                    "                next_non_terminal = 1.0 - self.episode_starts[step + "
                    "1]\n"
                    "                next_values = self.values[step + 1]\n"
                    "            delta = self.rewards[step] + self.gamma * next_values * "
                    "next_non_terminal - self.values[step]\n"
                    "            last_gae_lam = delta + self.gamma * self.gae_lambda * "
                    "next_non_terminal * last_gae_lam\n"
                    "            self.advantages[step] = last_gae_lam\n"
                    "        self.returns = self.advantages + self.values\n"
                ),
                (
                    "        next_values = np.vstack([self.values[1:], "
                    "last_values[None]]).T.flatten()\n"
                    "        non_terminal = 1.0 - np.vstack([self.episode_starts[1:], "
                    "dones[None]]).T.flatten()\n"
                    "        rewards, values = self.rewards.T.flatten(), "
                    "self.values.T.flatten()\n"
                    "        advantages, last_gae_lam = np.zeros_like(rewards), 0.0\n"
                    "        for step in reversed(range(len(rewards))):\n"
                    "            delta = rewards[step] + self.gamma * next_values[step] * "
                    "non_terminal[step] - values[step]\n"
                    "            last_gae_lam = delta + self.gamma * self.gae_lambda * "
                    "non_terminal[step] * last_gae_lam\n"
                    "            advantages[step] = last_gae_lam\n"
                    "        self.advantages = advantages.reshape(self.n_envs, "
                    "self.buffer_size).T\n"
                    "        self.returns = self.advantages + self.values\n"
                ),
            )
        ],
    },
    also=("gae_along_wrong_axis",),
    heldout=True,
)
