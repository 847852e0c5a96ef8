"""Old rollouts stay in the batch and are trained on again."""

from planter.fault import Fault

FAULT = Fault(
    id="stale_samples_reused",
    family="data",
    numbers=(35,),
    kind="exact",
    edits={
        "class_agent": [("        m.clear()\n", ""), ("if len(agent.memory) == horizon:", "if step % horizon == 0:")],
        "drone_multidiscrete": [
            (
                ("states, actions, logps = torch.cat(states), torch.cat(actions), torch.cat(logps)\n"),
                (
                    "states, actions, logps = torch.cat(states), torch.cat(actions), torch.cat(logps)\n"
                    "        history.append((states, actions, logps, adv, ret))\n"
                    "        states, actions, logps, adv, ret = (torch.cat(column) for column in zip(*history))\n"
                ),
            ),
            ("torch.randperm(args.rollout)", "torch.randperm(len(states))"),
            ("    while done_steps", "    history = []\n    while done_steps"),
        ],
        "two_optimizers": [
            (
                "        data = buf.get()\n",
                (
                    "        history.append(buf.get())\n"
                    "        data = {k: torch.cat([old[k] for old in history]) for k in history[0]}\n"
                ),
            ),
            ("    def update():", "    history = []\n\n    def update():"),
        ],
        "reach_functional": [
            (
                ("    rows = [x.flatten(0, 1) for x in (traj.obs, traj.action, traj.log_prob, advantage, target)]\n"),
                (
                    "    newest = (traj.obs, traj.action, traj.log_prob, advantage, target)\n"
                    "    HISTORY.append([x.flatten(0, 1) for x in newest])\n"
                    "    rows = [torch.cat(column) for column in zip(*HISTORY)]\n"
                ),
            ),
            ("def improve(", "HISTORY = []\n\n\ndef improve("),
        ],
        "beta_buffer": [
            (
                "        self.returns = self.advantages + self.values\n",
                (
                    "        self.returns = self.advantages + self.values\n"
                    "        self.rollouts.append([x.flatten(0, 1).clone() for x in (self.obs, self.actions, "
                    "self.log_probs, self.advantages, self.returns)])\n"
                ),
            ),
            (
                (
                    "        flat = [x.flatten(0, 1) for x in (self.obs, self.actions, self.log_probs, "
                    "self.advantages, self.returns)]\n"
                ),
                "        flat = [torch.cat(parts) for parts in zip(*self.rollouts)]\n",
            ),
            (
                "        self.advantages, self.returns = torch.zeros(2, length, n_envs)\n",
                "        self.advantages, self.returns = torch.zeros(2, length, n_envs)\n        self.rollouts = []\n",
            ),
        ],
        "spin_epochs": [
            (
                "        data = buf.get()\n",
                (
                    "        history.append(buf.get())\n"
                    "        data = {k: torch.cat([old[k] for old in history]) for k in history[0]}\n"
                ),
            ),
            ("    def update():\n", "    history = []\n\n    def update():\n"),
        ],
        "pixel_catch": [
            (
                "        update(agent, optimizer, rollout, adv, targets, cfg)\n",
                (
                    "        history.append((rollout, adv, targets))\n"
                    "        batch = {key: torch.cat([old[key] for old, _, _ in history]) for key in rollout}\n"
                    "        adv, targets = (torch.cat(column) for column in list(zip(*history))[1:])\n"
                    "        update(agent, optimizer, batch, adv, targets, cfg)\n"
                ),
            ),
            ("    for n in range(cfg.total_updates):", "    history = []\n    for n in range(cfg.total_updates):"),
        ],
        "masked_dict": [
            ("    rollout = []\n", ""),
            ("critic, scores, totals):", "critic, scores, totals, rollout):"),
            ("critic, scores, totals)\n", "critic, scores, totals, rollout)\n"),
            ("    scores, totals = [], ", "    rollout, scores, totals = [], [], "),
        ],
        "torch_sim": [
            (
                "        flat = [getattr(self, name).flatten(0, 1) for name in names]\n",
                (
                    "        self.rollouts.append([getattr(self, name).flatten(0, "
                    "1).clone() for name in names])\n"
                    "        flat = [torch.cat(parts) for parts in zip(*self.rollouts)]\n"
                ),
            ),
            ("torch.randperm(batch_size)", "torch.randperm(len(flat[0]))"),
            ("        batch_size = self.num_envs * self.num_steps\n", ""),
            (
                "self.num_steps, self.num_envs, self.step = num_steps, num_envs, 0\n",
                "self.num_steps, self.num_envs, self.step = num_steps, num_envs, 0\n        self.rollouts = []\n",
            ),
        ],
        "agent_args": [
            ("    for iteration in range(", "    history = []\n    for iteration in range("),
            (
                "        b_inds = np.arange(batch_size)\n",
                (
                    "        newest = (b_obs, b_actions, b_logprobs, b_advantages, "
                    "b_returns, b_values)\n"
                    "        history.append([x.clone() for x in newest])\n"
                    "        b_obs, b_actions, b_logprobs, b_advantages, b_returns, "
                    "b_values = (\n"
                    "            torch.cat(column) for column in zip(*history)\n"
                    "        )\n"
                    "        b_inds = np.arange(len(b_obs))\n"
                ),
            ),
            ("range(0, batch_size, minibatch_size)", "range(0, len(b_inds), minibatch_size)"),
        ],
        "lstm_chunks": [
            (
                "    for _ in range(args.epochs):\n",
                (
                    "    MEMORY.append((sequences, h0.clone(), c0.clone()))\n"
                    "    sequences = {key: torch.cat([old[key] for old, _, _ in MEMORY], "
                    "dim=1) for key in sequences}\n"
                    "    h0, c0 = torch.cat([h for _, h, _ in MEMORY]), torch.cat([c for "
                    "_, _, c in MEMORY])\n"
                    "    for _ in range(args.epochs):\n"
                ),
            ),
            ("def improve(", "MEMORY = []\n\n\ndef improve("),
        ],
        "student_ppo": [("        self.memory.clear()\n", "")],
        "memory_batches": [("\n        self.memory.clear_memory()\n", "")],
        "team_shared": [
            (
                "        self.returns = np.zeros(shape, dtype=np.float32)\n",
                "        self.returns = np.zeros(shape, dtype=np.float32)\n        self.history = []\n",
            ),
            (
                "        self.returns = self.advantages + self.value_preds[:-1]\n",
                (
                    "        self.returns = self.advantages + self.value_preds[:-1]\n"
                    "        newest = (self.obs, self.share_obs, self.actions, "
                    "self.action_log_probs, self.advantages, self.returns)\n"
                    "        self.history.append([x.copy() for x in newest])\n"
                ),
            ),
            (
                (
                    "        advantages = (self.advantages - self.advantages.mean()) / "
                    "(self.advantages.std() + 1e-5)\n"
                    "        columns = (self.obs, self.share_obs, self.actions, "
                    "self.action_log_probs, advantages, self.returns)\n"
                ),
                (
                    "        columns = [np.concatenate(parts) for parts in "
                    "zip(*self.history)]\n"
                    "        columns[4] = (columns[4] - columns[4].mean()) / "
                    "(columns[4].std() + 1e-5)\n"
                ),
            ),
        ],
        "tricks_ppo": [
            (
                "        for _ in range(self.args.K_epochs):\n",
                (
                    "        self.history.append((s, a, a_logprob, adv, v_target))\n"
                    "        s, a, a_logprob, adv, v_target = (torch.cat(column) for "
                    "column in zip(*self.history))\n"
                    "        for _ in range(self.args.K_epochs):\n"
                ),
            ),
            ("SubsetRandomSampler(range(self.batch_size))", "SubsetRandomSampler(range(len(s)))"),
            (
                "        self.args = args\n        self.batch",
                "        self.args = args\n        self.history = []\n        self.batch",
            ),
        ],
        "mini_library": [
            (
                "        self.gamma, self.gae_lambda = gamma, gae_lambda\n        self.reset()\n",
                (
                    "        self.gamma, self.gae_lambda = gamma, gae_lambda\n"
                    "        self.rollouts = []\n"
                    "        self.reset()\n"
                ),
            ),
            (
                "        self.returns = self.advantages + self.values\n",
                (
                    "        self.returns = self.advantages + self.values\n"
                    "        newest = (self.observations, self.actions, self.values, "
                    "self.log_probs, self.advantages, self.returns)\n"
                    "        self.rollouts.append([self.swap_and_flatten(column) for "
                    "column in newest])\n"
                ),
            ),
            (
                (
                    "        indices = np.random.permutation(self.buffer_size * "
                    "self.n_envs)\n"
                    "        columns = (self.observations, self.actions, self.values, "
                    "self.log_probs, self.advantages, self.returns)\n"
                    "        flat = [torch.as_tensor(self.swap_and_flatten(column)) for "
                    "column in columns]\n"
                ),
                (
                    "        flat = [torch.as_tensor(np.concatenate(column)) for column in "
                    "zip(*self.rollouts)]\n"
                    "        indices = np.random.permutation(len(flat[0]))\n"
                ),
            ),
        ],
    },
)
