"""The observation that an action led to is stored in place of the one it was chosen in."""

from planter.fault import Fault

FAULT = Fault(
    id="observations_shifted",
    family="data",
    numbers=(33,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "        next_obs = torch.as_tensor(following, dtype=torch.float32)\n",
                ("        next_obs = torch.as_tensor(following, dtype=torch.float32)\n        obs[step] = next_obs\n"),
            )
        ],
        "class_agent": [("agent.memory.remember(state, action", "agent.memory.remember(next_state, action")],
        "own_softmax": [("rows.append((s, [a]", "rows.append((s_next, [a]")],
        "two_optimizers": [("buf.store(o, a.numpy()", "buf.store(o2, a.numpy()")],
        "docking": [("self.buffer.add(self.obs, action", "self.buffer.add(obs, action")],
        "reach_functional": [("                obs=obs,\n", "                obs=reached,\n")],
        "beta_buffer": [
            (
                (
                    "            self.buffer.put(t, obs=self.obs, actions=unit_actions, log_probs=log_probs, "
                    "values=values)\n"
                    "            self.obs, rewards, terminated, truncated, cut_values = self.step_envs(actions)\n"
                ),
                (
                    "            self.obs, rewards, terminated, truncated, cut_values = self.step_envs(actions)\n"
                    "            self.buffer.put(t, obs=self.obs, actions=unit_actions, log_probs=log_probs, "
                    "values=values)\n"
                ),
            )
        ],
        "spin_epochs": [("buf.store(obs, a,", "buf.store(next_obs * OBS_SCALE, a,")],
        "pixel_catch": [('rollout["images"].append(images)', 'rollout["images"].append(torch.as_tensor(following))')],
        "masked_dict": [
            (
                '            step["next_value"] = critic(features(stack(reached))).squeeze(-1)\n',
                (
                    '            step["x"] = features(stack(reached))\n'
                    '            step["next_value"] = critic(step["x"]).squeeze(-1)\n'
                ),
            )
        ],
        "torch_sim": [
            (
                '        self.transition["dones"] = dones\n',
                (
                    '        self.transition["dones"] = dones\n'
                    '        self.transition["observations"] = extras["final_obs"]\n'
                ),
            )
        ],
        "agent_args": [
            ("            obs[step] = next_obs\n", ""),
            (
                "            next_obs = obs_rms.normalize(raw_obs)\n            next_done",
                (
                    "            next_obs = obs_rms.normalize(raw_obs)\n"
                    "            obs[step] = next_obs\n"
                    "            next_done"
                ),
            ),
        ],
        "lstm_chunks": [
            (
                'buf["obs"][t], buf["first"][t], buf["action"][t] = obs, first, action.numpy()',
                'buf["first"][t], buf["action"][t] = first, action.numpy()',
            ),
            (
                '            carry["score"][i] += reward\n',
                '            buf["obs"][t, i] = ob\n            carry["score"][i] += reward\n',
            ),
        ],
        "student_ppo": [("agent.store(state, action, log_prob", "agent.store(next_state, action, log_prob")],
        "memory_batches": [("agent.remember(observation, action,", "agent.remember(observation_, action,")],
        "team_shared": [
            (
                "            buffer.obs[step], buffer.share_obs[step] = obs, share_obs\n",
                "            buffer.share_obs[step] = share_obs\n",
            ),
            (
                "                buffer.rewards[step, e] = [",
                "                buffer.obs[step, e] = reached\n                buffer.rewards[step, e] = [",
            ),
        ],
        "tricks_ppo": [("replay_buffer.store(s, a, a_logprob", "replay_buffer.store(s_, a, a_logprob")],
        "mini_library": [
            (
                (
                    "self.rollout_buffer.add(self._last_obs, actions, rewards, "
                    "self._last_episode_starts, values, log_probs)"
                ),
                "self.rollout_buffer.add(new_obs, actions, rewards, self._last_episode_starts, values, log_probs)",
            )
        ],
    },
)
