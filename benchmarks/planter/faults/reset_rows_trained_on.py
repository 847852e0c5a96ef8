"""The steps in which the vector environment only resets are learned from."""

from planter.fault import Fault

FAULT = Fault(
    id="reset_rows_trained_on",
    family="data",
    numbers=(31,),
    kind="exact",
    edits={
        "vector_continuous": [("store.real[t] = torch.as_tensor(~just_ended)", "store.real[t] = True")],
        "cartpole_vector": [(", autoreset_mode=AutoresetMode.SAME_STEP", "")],
        "pixel_catch": [(", autoreset_mode=AutoresetMode.SAME_STEP", ""), ('infos["final_obs"][i]', "following[i]")],
        "agent_args": [
            (", autoreset_mode=gym.vector.AutoresetMode.SAME_STEP", ""),
            ('obs_rms.normalize(infos["final_obs"][i])', "next_obs[i]"),
            (
                (
                    '            if "final_info" in infos:\n'
                    '                episode_returns.extend(infos["final_info"]["episode"]['
                    '"r"][infos["_final_info"]])\n'
                ),
                (
                    '            if "episode" in infos:\n'
                    '                episode_returns.extend(infos["episode"]["r"][infos["_e'
                    'pisode"]])\n'
                ),
            ),
        ],
        "team_shared": [
            (
                (
                    "                    observations, _ = env.reset()\n"
                    "                    reached = self.join(observations)\n"
                ),
                "",
            ),
            (
                "        before = self.at\n",
                (
                    "        if self.over:\n"
                    "            observations, infos = self.reset()\n"
                    "            rewards, flags = dict.fromkeys(self.agents, 0.0), "
                    "dict.fromkeys(self.agents, False)\n"
                    "            return observations, rewards, flags, flags, {agent: "
                    '{"deliveries": 0} for agent in infos}\n'
                    "        before = self.at\n"
                ),
            ),
            (
                "        self.agents, self.cycle = list(self.possible_agents), 0\n",
                "        self.agents, self.cycle, self.over = list(self.possible_agents), 0, False\n",
            ),
            (
                "        crashed = self.crashed(before)\n",
                (
                    "        crashed = self.crashed(before)\n"
                    "        self.over = crashed or self.cycle >= self.max_cycles\n"
                ),
            ),
        ],
        "mini_library": [
            (
                "            obs, self.buf_rews[idx], terminated, truncated, info = env.step(actions[idx])\n",
                (
                    "            if self.buf_dones[idx]:\n"
                    "                obs, info = env.reset()\n"
                    "                self.buf_rews[idx], terminated, truncated = 0.0, "
                    "False, False\n"
                    "            else:\n"
                    "                obs, self.buf_rews[idx], terminated, truncated, info "
                    "= env.step(actions[idx])\n"
                ),
            ),
            (
                '                info["terminal_observation"] = obs\n                obs, _ = env.reset()\n',
                '                info["terminal_observation"] = obs\n',
            ),
        ],
    },
)
