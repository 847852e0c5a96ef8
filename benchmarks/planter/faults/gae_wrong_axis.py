"""The recursion runs over environments where it should run over time."""

from planter.fault import Fault

FAULT = Fault(
    id="gae_along_wrong_axis",
    family="advantage",
    numbers=(32,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                ("    lastgaelam = torch.zeros(args.num_envs)\n    for t in reversed(range(args.num_steps)):"),
                ("    lastgaelam = torch.zeros(args.num_steps)\n    for t in reversed(range(args.num_envs)):"),
            ),
            (
                "delta = rewards[t] + args.gamma * next_values[t] * (1.0 - terminateds[t]) - values[t]",
                "delta = rewards[:, t] + args.gamma * next_values[:, t] * (1.0 - terminateds[:, t]) - values[:, t]",
            ),
            (
                "(1.0 - dones[t]) * lastgaelam\n        advantages[t] =",
                "(1.0 - dones[:, t]) * lastgaelam\n        advantages[:, t] =",
            ),
        ],
        "vector_continuous": [
            ("last = torch.zeros(self.reward.shape[1])", "last = torch.zeros(self.reward.shape[0])"),
            ("range(len(adv) - 1, -1, -1)", "range(adv.shape[1] - 1, -1, -1)"),
            (
                "self.reward[t] + gamma * self.next_value[t] * self.alive[t] - self.value[t]",
                "self.reward[:, t] + gamma * self.next_value[:, t] * self.alive[:, t] - self.value[:, t]",
            ),
            (
                "self.running_on[t] * last\n            adv[t] = last",
                "self.running_on[:, t] * last\n            adv[:, t] = last",
            ),
        ],
        "beta_buffer": [
            ("gae = torch.zeros_like(last_values)", "gae = torch.zeros_like(deltas[:, 0])"),
            ("reversed(range(len(deltas)))", "reversed(range(len(last_values)))"),
            ("deltas[t] + gamma * lam * keep_going[t] * gae", "deltas[:, t] + gamma * lam * keep_going[:, t] * gae"),
            ("self.advantages[t] = gae", "self.advantages[:, t] = gae"),
        ],
        "pixel_catch": [
            ("_, next_value = agent(images)", '_, next_value = agent(rollout["images"][:, -1])'),
            ("running = torch.zeros(cfg.num_envs)", "running = torch.zeros(cfg.num_steps)"),
            ("for t in reversed(range(cfg.num_steps)):", "for t in reversed(range(cfg.num_envs)):"),
            ("alive = 1.0 - dones[t]", "alive = 1.0 - dones[:, t]"),
            ("delta = rewards[t] +", "delta = rewards[:, t] +"),
            ("next_value - values[t]", "next_value - values[:, t]"),
            ("result[t] = running", "result[:, t] = running"),
            ("next_value = values[t]", "next_value = values[:, t]"),
        ],
        "masked_dict": [
            (
                '    advantages, tail = [], torch.zeros(HP["n_envs"])\n',
                (
                    "    table = {key: torch.stack([step[key] for step in rollout], dim=1) for key in rollout[0] if "
                    'key != "x"}\n'
                    '    advantages, tail = [], torch.zeros(HP["rollout"])\n'
                ),
            ),
            (
                "    for step in reversed(rollout):\n",
                ('    for t in reversed(range(HP["n_envs"])):\n        step = {key: table[key][t] for key in table}\n'),
            ),
            ("return torch.stack(advantages[::-1])", "return torch.stack(advantages[::-1], dim=1)"),
        ],
        "torch_sim": [
            (
                "        advantage = torch.zeros_like(last_values)\n",
                (
                    "        next_values = torch.cat([self.values[1:], "
                    "last_values.unsqueeze(0)])\n"
                    "        deltas = self.rewards + gamma * (1.0 - self.dones) * "
                    "next_values - self.values\n"
                    "        advantage = torch.zeros_like(deltas[:, 0])\n"
                ),
            ),
            (
                (
                    "        for step in reversed(range(self.num_steps)):\n"
                    "            next_values = last_values if step == self.num_steps - 1 "
                    "else self.values[step + 1]\n"
                    "            not_done = 1.0 - self.dones[step]\n"
                    "            delta = self.rewards[step] + gamma * not_done * "
                    "next_values - self.values[step]\n"
                    "            advantage = delta + gamma * lam * not_done * advantage\n"
                    "            self.returns[step] = advantage + self.values[step]\n"
                ),
                (
                    "        for env in reversed(range(self.num_envs)):\n"
                    "            not_done = 1.0 - self.dones[:, env]\n"
                    "            advantage = deltas[:, env] + gamma * lam * not_done * "
                    "advantage\n"
                    "            self.returns[:, env] = advantage + self.values[:, env]\n"
                ),
            ),
        ],
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
                    "            for t in reversed(range(args.num_envs)):\n"
                    "                if t == args.num_envs - 1:\n"
                    "                    nextnonterminal = 1.0 - dones[:, t]\n"
                    "                    nextvalues = values[:, t]\n"
                    "                else:\n"
                    "                    nextnonterminal = 1.0 - dones[:, t + 1]\n"
                    "                    nextvalues = values[:, t + 1]\n"
                    "                nextvalues = nextvalues * nextnonterminal + "
                    "cut_values[:, t]\n"
                    "                delta = rewards[:, t] + args.gamma * nextvalues - "
                    "values[:, t]\n"
                    "                lastgaelam = delta + args.gamma * args.gae_lambda * "
                    "nextnonterminal * lastgaelam\n"
                    "                advantages[:, t] = lastgaelam\n"
                ),
            )
        ],
        "lstm_chunks": [
            (
                "next_value, running = last_value, np.zeros_like(last_value)",
                'next_value, running = buf["value"][:, -1], np.zeros(len(adv), np.float32)',
            ),
            ("reversed(range(len(adv)))", "reversed(range(adv.shape[1]))"),
            (
                (
                    'following = np.where(buf["ended"][t] > 0, buf["cut_value"][t], '
                    'next_value) * (1.0 - buf["terminated"][t])'
                ),
                (
                    'following = np.where(buf["ended"][:, t] > 0, buf["cut_value"][:, t], '
                    'next_value) * (1.0 - buf["terminated"][:, t])'
                ),
            ),
            (
                'buf["reward"][t] + gamma * following - buf["value"][t]',
                'buf["reward"][:, t] + gamma * following - buf["value"][:, t]',
            ),
            ('(1.0 - buf["ended"][t])', '(1.0 - buf["ended"][:, t])'),
            ("        adv[t] = running\n", "        adv[:, t] = running\n"),
            ('        next_value = buf["value"][t]\n', '        next_value = buf["value"][:, t]\n'),
        ],
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
                    "        going_on = self.masks[1:]\n"
                    "        worth = going_on * self.value_preds[1:] + self.timeout_values\n"
                    "        deltas = self.rewards + gamma * worth - self.value_preds[:-1]\n"
                    "        gae = np.zeros_like(deltas[:, 0])\n"
                    "        for step in reversed(range(deltas.shape[1])):\n"
                    "            gae = deltas[:, step] + gamma * gae_lambda * going_on[:, "
                    "step] * gae\n"
                    "            self.advantages[:, step] = gae\n"
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
                    "        last_gae_lam = 0.0\n"
                    "        next_values = np.concatenate([self.values[1:], "
                    "last_values[None]])\n"
                    "        non_terminal = 1.0 - np.concatenate([self.episode_starts[1:], "
                    "dones[None]])\n"
                    "        deltas = self.rewards + self.gamma * next_values * "
                    "non_terminal - self.values\n"
                    "        for step in reversed(range(self.n_envs)):\n"
                    "            last_gae_lam = deltas[:, step] + self.gamma * "
                    "self.gae_lambda * non_terminal[:, step] * last_gae_lam\n"
                    "            self.advantages[:, step] = last_gae_lam\n"
                    "        self.returns = self.advantages + self.values\n"
                ),
            )
        ],
    },
    also=("gae_leaks_across_environments",),
    heldout=True,
)
