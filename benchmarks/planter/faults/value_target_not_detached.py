"""The value target is bootstrapped through the graph of the critic that is being trained."""

from planter.fault import Fault

FAULT = Fault(
    id="value_target_not_detached",
    family="update",
    numbers=(11,),
    kind="exact",
    edits={
        "own_softmax": [
            (
                "value_loss = (net.v(s[i]) - target[i]).pow(2)",
                (
                    "td_target = r[i] + GAMMA * net.v(s_next[i]) * (1 - dead[i])\n"
                    "            value_loss = (net.v(s[i]) - td_target).pow(2)"
                ),
            ),
            ("s, a, _, _, p_old, _, _ = batch", "s, a, r, s_next, p_old, dead, _ = batch"),
        ],
        "class_agent": [
            (
                "critic_loss = F.mse_loss(self.critic(states[idx]).squeeze(-1), returns[idx])",
                (
                    "values = self.critic(states[idx]).squeeze(-1)\n"
                    "                critic_loss = F.mse_loss(values, values + advantages[idx])"
                ),
            )
        ],
        "drone_multidiscrete": [("F.mse_loss(value, ret[ids])", "F.mse_loss(value, value * 0.5 + ret[ids] * 0.5)")],
        "docking": [("mse_loss(values, targets)", "mse_loss(values, 0.9 * values + 0.1 * targets)")],
        "beta_buffer": [
            (
                "                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)\n",
                (
                    "                gae = advantages\n"
                    "                advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)\n"
                ),
            ),
            (
                "                value_loss = F.mse_loss(self.policy.value(obs), returns)\n",
                (
                    "                values = self.policy.value(obs)\n"
                    "                value_loss = F.mse_loss(values, values + gae)\n"
                ),
            ),
        ],
        "spin_epochs": [
            (
                "        self.act = np.zeros(size, dtype=np.int64)\n",
                (
                    "        self.obs2 = np.zeros((size, obs_dim), dtype=np.float32)\n"
                    "        self.done = np.zeros(size, dtype=np.float32)\n"
                    "        self.act = np.zeros(size, dtype=np.int64)\n"
                ),
            ),
            ("def store(self, obs, act, rew, val, logp):", "def store(self, obs, act, rew, val, logp, obs2, done):"),
            (
                "        self.logp[self.ptr] = logp\n",
                (
                    "        self.logp[self.ptr] = logp\n"
                    "        self.obs2[self.ptr] = obs2\n"
                    "        self.done[self.ptr] = done\n"
                ),
            ),
            (
                "        return {k: torch.tensor(x)",
                (
                    "        columns.update(rew=self.rew, obs2=self.obs2, done=self.done)\n"
                    "        return {k: torch.tensor(x)"
                ),
            ),
            ("REWARD_SCALE * r, v, logp)", "REWARD_SCALE * r, v, logp, next_obs * OBS_SCALE, terminated)"),
            (
                '        return ((ac.value(data["obs"]) - data["ret"]) ** 2).mean()\n',
                (
                    '        target = data["rew"] + gamma * (1 - data["done"]) * ac.value(data["obs2"])\n'
                    '        return ((ac.value(data["obs"]) - target) ** 2).mean()\n'
                ),
            ),
        ],
        "pixel_catch": [("(value - targets[mb])", "(value - (adv[mb] + value))")],
        "masked_dict": [
            (
                '            step["next_value"] = critic(features(stack(reached))).squeeze(-1)\n',
                (
                    '            step["next_x"] = features(stack(reached))\n'
                    '            step["next_value"] = critic(step["next_x"]).squeeze(-1)\n'
                ),
            ),
            ("adv, returns)\n", 'adv)\n    columns += (data["reward"], data["dead"], data["next_x"])\n'),
            ("advantage, target in loader:", "advantage, reward, dead, next_x in loader:"),
            (
                "critic_loss = F.smooth_l1_loss(critic(x).squeeze(-1), target)\n",
                (
                    'target = reward + HP["gamma"] * (1 - dead) * critic(next_x).squeeze(-1)\n'
                    "            critic_loss = F.smooth_l1_loss(critic(x).squeeze(-1), target)\n"
                ),
            ),
            ('    returns = adv + data["value"]\n', ""),
        ],
        "torch_sim": [
            (
                "            value_clipped = target_values",
                "            returns = value + (returns - target_values)\n            value_clipped = target_values",
            )
        ],
        "agent_args": [
            (
                "                v_loss_unclipped = (newvalue - b_returns[mb_inds]) ** 2\n",
                (
                    "                mb_returns = b_advantages[mb_inds] + newvalue\n"
                    "                v_loss_unclipped = (newvalue - mb_returns) ** 2\n"
                ),
            ),
            (
                "v_loss_clipped = (v_clipped - b_returns[mb_inds]) ** 2",
                "v_loss_clipped = (v_clipped - mb_returns) ** 2",
            ),
        ],
        "lstm_chunks": [
            (
                '            value_loss = (values - mb["ret"]).pow(2).mean()\n',
                (
                    '            following = torch.where(mb["ended"][:-1] > 0, '
                    'mb["cut_value"][:-1], values[1:])\n'
                    '            target = mb["reward"][:-1] + args.gamma * (1.0 - '
                    'mb["terminated"][:-1]) * following\n'
                    "            value_loss = (values[:-1] - target).pow(2).mean()\n"
                ),
            ),
            (
                '    columns = {key: buf[key] for key in ("obs", "first", "action", "logp", "logits")}\n',
                (
                    '    keys = ("obs", "first", "action", "logp", "logits", "reward", '
                    '"terminated", "ended", "cut_value")\n'
                    "    columns = {key: buf[key] for key in keys}\n"
                ),
            ),
        ],
        "student_ppo": [
            (
                "                critic_loss = F.mse_loss(self.critic(states[index]).squeeze(-1), returns[index])\n",
                (
                    "                next_value = "
                    "self.critic(next_states[index]).squeeze(-1)\n"
                    "                target = rewards[index] + self.gamma * next_value * "
                    "(1 - terminals[index])\n"
                    "                critic_loss = "
                    "F.mse_loss(self.critic(states[index]).squeeze(-1), target)\n"
                ),
            ),
            (
                "        advantages = returns - values\n",
                (
                    "        rewards, terminals = torch.from_numpy(rewards).float(), "
                    "torch.from_numpy(terminals)\n"
                    "        advantages = returns - values\n"
                ),
            ),
        ],
        "memory_batches": [
            (
                "self.states, self.actions, self.probs, self.vals = [], [], [], []",
                "self.states, self.states_ = [], []\n        self.actions, self.probs, self.vals = [], [], []",
            ),
            (
                "reward, done, cut, cut_val):\n        self.states.append(state)\n",
                (
                    "reward, done, cut, cut_val, state_):\n"
                    "        self.states.append(state)\n"
                    "        self.states_.append(state_)\n"
                ),
            ),
            (
                "vals, reward, done, cut, cut_val):\n        self.memory",
                "vals, reward, done, cut, cut_val, state_):\n        self.memory",
            ),
            (
                "store_memory(state, action, probs, vals, reward, done, cut, cut_val)\n",
                "store_memory(state, action, probs, vals, reward, done, cut, cut_val, state_)\n",
            ),
            ("terminated, truncated, cut_val)\n", "terminated, truncated, cut_val, observation_)\n"),
            (
                "        reward_arr = np.array(self.memory.rewards, dtype=np.float32)\n",
                (
                    "        reward_arr = np.array(self.memory.rewards, dtype=np.float32)\n"
                    "        new_state_arr = np.array(self.memory.states_)\n"
                    "        done_arr = np.array(self.memory.dones, dtype=np.float32)\n"
                ),
            ),
            (
                "                returns = T.tensor(return_arr[batch])\n",
                (
                    "                rewards = T.tensor(reward_arr[batch])\n"
                    "                dones = T.tensor(done_arr[batch])\n"
                    "                states_ = T.tensor(new_state_arr[batch], "
                    "dtype=T.float)\n"
                ),
            ),
            (
                (
                    "                critic_loss = (returns - critic_value) ** 2\n"
                    "                critic_loss = critic_loss.mean()\n"
                ),
                (
                    "                target = rewards + self.gamma * "
                    "T.squeeze(self.critic(states_)) * (1 - dones)\n"
                    "                critic_loss = (target - critic_value) ** 2\n"
                    "                critic_loss = critic_loss.mean()\n"
                ),
            ),
            ("        return_arr = advantage + vals_arr\n", ""),
        ],
        "team_shared": [
            ("self.action_log_probs, advantages, self.returns)", "self.action_log_probs, advantages, self.advantages)"),
            ("old_log_probs, adv_targ, returns = sample", "old_log_probs, adv_targ, gae = sample"),
            ("F.huber_loss(values, returns, ", "F.huber_loss(values, gae + values, "),
        ],
        "tricks_ppo": [
            (
                "                critic_loss = F.mse_loss(v_target[index], v_s)\n",
                (
                    "                td_target = r[index] + self.gamma * (1.0 - dw[index]) "
                    "* self.critic(s_[index])\n"
                    "                critic_loss = F.mse_loss(td_target, v_s)\n"
                ),
            )
        ],
        "mini_library": [
            (
                "    returns: torch.Tensor\n",
                (
                    "    returns: torch.Tensor\n"
                    "    rewards: torch.Tensor\n"
                    "    next_observations: torch.Tensor\n"
                    "    dones: torch.Tensor\n"
                ),
            ),
            (
                "        self.actions = np.zeros(shape, dtype=np.int64)\n",
                (
                    "        self.next_observations = np.zeros_like(self.observations)\n"
                    "        self.dones = np.zeros(shape, dtype=np.float32)\n"
                    "        self.actions = np.zeros(shape, dtype=np.int64)\n"
                ),
            ),
            ("reward, episode_start, value, log_prob):", "reward, episode_start, value, log_prob, next_obs, done):"),
            (
                "        self.actions[self.pos] = action\n",
                (
                    "        self.next_observations[self.pos], self.dones[self.pos] = "
                    "next_obs, done\n"
                    "        self.actions[self.pos] = action\n"
                ),
            ),
            (
                (
                    "self.rollout_buffer.add(self._last_obs, actions, rewards, "
                    "self._last_episode_starts, values, log_probs)"
                ),
                (
                    "self.rollout_buffer.add(self._last_obs, actions, rewards, "
                    "self._last_episode_starts, values, log_probs, new_obs, dones)"
                ),
            ),
            (
                "        flat = [torch",
                "        columns += (self.rewards, self.next_observations, self.dones)\n        flat = [torch",
            ),
            (
                "value_loss = F.mse_loss(rollout_data.returns, values_pred)",
                (
                    "next_values = self.policy.predict_values(rollout_data.next_observation"
                    "s).flatten()\n"
                    "                targets = rollout_data.rewards + self.gamma * (1.0 - "
                    "rollout_data.dones) * next_values\n"
                    "                value_loss = F.mse_loss(targets, values_pred)"
                ),
            ),
        ],
    },
)
