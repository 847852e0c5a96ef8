"""Every stored observation is the same array, overwritten by the next step."""

from planter.fault import Fault

FAULT = Fault(
    id="observations_aliased",
    family="data",
    numbers=(34,),
    kind="exact",
    edits={
        "class_agent": [
            (
                "    state, _ = env.reset(seed=seed)\n",
                "    first, _ = env.reset(seed=seed)\n    state = first.copy()\n",
            ),
            ("        state = next_state\n", "        state[:] = next_state\n"),
            ("            state, _ = env.reset()\n", "            state[:] = env.reset()[0]\n"),
        ],
        "own_softmax": [
            ("        s = s_next\n", "        s[:] = s_next\n"),
            ("            s, _ = env.reset()\n", "            s[:] = env.reset()[0]\n"),
            ("rows.append((s, [a], [r], s_next,", "rows.append((s, [a], [r], s_next.copy(),"),
        ],
        "recurrent_gru": [("torch.from_numpy(worker.obs.copy())", "torch.from_numpy(worker.obs)")],
        "drone_multidiscrete": [
            (
                "state = torch.tensor(obs).unsqueeze(0)",
                ("window[:] = obs\n            state = torch.from_numpy(window).unsqueeze(0)"),
            ),
            ("    total, totals, done_steps", "    window = obs.copy()\n    total, totals, done_steps"),
        ],
        "beta_buffer": [
            ("        self.obs = torch.zeros(length, n_envs, obs_dim)\n", "        self.obs = [None] * length\n"),
            (
                "(self.obs, self.actions, self.log_probs, self.advantages, self.returns)",
                "(torch.stack(self.obs), self.actions, self.log_probs, self.advantages, self.returns)",
            ),
            ("        next_obs = torch.zeros_like(self.obs)\n", "        next_obs = self.obs\n"),
        ],
        "spin_epochs": [
            ("        self.obs = np.zeros((size, obs_dim), dtype=np.float32)\n", "        self.obs = [None] * size\n"),
            ("dict(obs=self.obs,", "dict(obs=np.array(self.obs),"),
            ("            obs = next_obs * OBS_SCALE\n", "            obs[:] = next_obs * OBS_SCALE\n"),
            (
                "                obs, _ = env.reset()\n                obs, ep_ret = obs * OBS_SCALE, 0.0\n",
                (
                    "                first_obs, _ = env.reset()\n"
                    "                obs[:], ep_ret = first_obs * OBS_SCALE, 0.0\n"
                ),
            ),
        ],
        "pixel_catch": [
            ("autoreset_mode=AutoresetMode.SAME_STEP", "autoreset_mode=AutoresetMode.SAME_STEP, copy=False")
        ],
        "masked_dict": [
            ("        x = features(obs)\n", "        x = features(obs, out=window)\n"),
            ("    rollout = []\n", '    rollout, window = [], torch.zeros(HP["n_envs"], 9)\n'),
            ("def features(obs):\n", "def features(obs, out=None):\n"),
            (
                'return torch.cat([obs["agent"], obs["goal"]], dim=-1)',
                'return torch.cat([obs["agent"], obs["goal"]], dim=-1, out=out)',
            ),
        ],
        "torch_sim": [
            (
                "        self.observations = torch.zeros(num_steps, num_envs, num_obs)\n",
                "        self.observations = [None] * num_steps\n",
            ),
            (
                "            getattr(self, name)[self.step].copy_(column.view(self.num_envs, -1))\n",
                "            getattr(self, name)[self.step] = column.view(self.num_envs, -1)\n",
            ),
            (
                "        flat = [getattr(self, name).flatten(0, 1) for name in names]\n",
                "        flat = [torch.stack([*getattr(self, name)]).flatten(0, 1) for name in names]\n",
            ),
            (
                "        return self.compute_observations(), rewards, dones, extras\n",
                (
                    "        self.obs_buf[:] = self.compute_observations()\n"
                    "        return self.obs_buf, rewards, dones, extras\n"
                ),
            ),
            (
                "        return self.compute_observations()\n\n",
                "        self.obs_buf[:] = self.compute_observations()\n        return self.obs_buf\n\n",
            ),
            (
                "        self.episode_length_buf = torch.zeros(",
                (
                    "        self.obs_buf = torch.zeros(self.num_envs, self.num_obs)\n"
                    "        self.episode_length_buf = torch.zeros("
                ),
            ),
        ],
        "agent_args": [
            (
                "    obs = torch.zeros((args.num_steps, args.num_envs) + envs.single_observation_space.shape)\n",
                "    obs = [None] * args.num_steps\n",
            ),
            (
                "            next_obs = obs_rms.normalize(raw_obs)\n            next_done",
                "            next_obs.copy_(obs_rms.normalize(raw_obs))\n            next_done",
            ),
            ("b_obs = obs.reshape(", "b_obs = torch.stack(obs).reshape("),
        ],
        "lstm_chunks": [
            ('buf["obs"] = np.zeros((*shape, SignalCorridor.n_obs), np.float32)', 'buf["obs"] = [None] * args.steps'),
            ("columns = {key: buf[key] for", "columns = {key: np.asarray(buf[key]) for"),
        ],
        "student_ppo": [
            (
                "        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (8,), np.float32)\n",
                (
                    "        self.observation_space = gym.spaces.Box(-np.inf, np.inf, "
                    "(8,), np.float32)\n"
                    "        self.obs = np.zeros(8, np.float32)\n"
                ),
            ),
            (
                (
                    "        return np.concatenate([self.ball, self.velocity, self.tilt, "
                    "self.spot - self.ball]).astype(np.float32)\n"
                ),
                (
                    "        self.obs[:] = np.concatenate([self.ball, self.velocity, "
                    "self.tilt, self.spot - self.ball])\n"
                    "        return self.obs\n"
                ),
            ),
        ],
        "memory_batches": [
            (
                "        self.action_space = gym.spaces.Discrete(4)\n",
                (
                    "        self.action_space = gym.spaces.Discrete(4)\n"
                    "        self.state = np.zeros(5, dtype=np.float32)\n"
                ),
            ),
            (
                (
                    "return np.array([self.warmth, self.moisture, self.outside(), "
                    "np.sin(angle), np.cos(angle)], dtype=np.float32)"
                ),
                (
                    "self.state[:] = self.warmth, self.moisture, self.outside(), "
                    "np.sin(angle), np.cos(angle)\n"
                    "        return self.state"
                ),
            ),
        ],
        "team_shared": [
            (
                "        self.obs = np.zeros((*shape, obs_dim), dtype=np.float32)\n",
                "        self.obs = [None] * args.episode_length\n",
            ),
            ("columns = (self.obs, ", "columns = (np.stack(self.obs), "),
        ],
        "tricks_ppo": [
            (
                "        self.s = np.zeros((args.batch_size, args.state_dim))\n",
                "        self.s = [None] * args.batch_size\n",
            ),
            ("columns = (self.s, self.a, ", "columns = (np.array(self.s), self.a, "),
            (
                "        s, _ = env.reset()\n        if args.use_state_norm:\n            s = state_norm(s)\n",
                "        state[:] = state_norm(env.reset()[0])\n",
            ),
            ("a, a_logprob = agent.choose_action(s)", "a, a_logprob = agent.choose_action(state)"),
            ("replay_buffer.store(s, a, a_logprob", "replay_buffer.store(state, a, a_logprob"),
            ("            s = s_\n", "            state[:] = s_\n"),
            (
                "    total_steps, evaluations = 0, 0\n",
                "    state = np.zeros(args.state_dim)\n    total_steps, evaluations = 0, 0\n",
            ),
        ],
        "mini_library": [
            (
                "self.observations = np.zeros((*shape, *self.obs_shape), dtype=np.float32)",
                "self.observations = [None] * self.buffer_size",
            ),
            (
                "        indices = np.random.permutation(",
                "        self.observations = np.asarray(self.observations)\n        indices = np.random.permutation(",
            ),
            (
                (
                    "            self.buf_obs[idx], self.buf_infos[idx] = "
                    "env.reset(seed=self._seeds[idx])\n"
                    "        self._seeds = [None] * self.num_envs\n"
                    "        return self.buf_obs.copy()"
                ),
                (
                    "            self.buf_obs[idx], self.buf_infos[idx] = "
                    "env.reset(seed=self._seeds[idx])\n"
                    "        self._seeds = [None] * self.num_envs\n"
                    "        return self.buf_obs"
                ),
            ),
            ("return self.buf_obs.copy(), self.buf_rews", "return self.buf_obs, self.buf_rews"),
        ],
    },
)
