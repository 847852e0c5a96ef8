"""Where the time limit cuts an episode, the value of the next episode's first state is added."""

from planter.fault import Fault

FAULT = Fault(
    id="time_limit_bootstrapped_from_reset",
    family="data",
    numbers=(30,),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("gym.make(args.env)", "gym.make(args.env, max_episode_steps=30)"),
            ('                reached[i] = infos["final_obs"][i]\n', ""),
        ],
        "own_gaussian": [
            (
                "                obs[i], _ = env.reset()\n",
                ("                obs[i], _ = env.reset()\n                reached[i] = obs[i]\n"),
            )
        ],
        "reach_functional": [("next_value=value_of(policy, reached)", "next_value=value_of(policy, following)")],
        "drone_multidiscrete": [
            ("max_episode_steps=100", "max_episode_steps=20"),
            (
                (
                    "            with torch.no_grad():\n"
                    "                next_value = net(torch.tensor(obs).unsqueeze(0))[1]\n"
                    "            total += reward"
                ),
                "            total += reward",
            ),
            ("            next_values.append(next_value.item())\n", ""),
            (
                "                obs, _ = env.reset()\n        done_steps",
                (
                    "                obs, _ = env.reset()\n"
                    "            with torch.no_grad():\n"
                    "                next_values.append(net(torch.tensor(obs).unsqueeze(0))[1].item())\n"
                    "        done_steps"
                ),
            ),
        ],
        "beta_buffer": [("        next_values = torch.where(self.truncated > 0, self.cut_values, next_values)\n", "")],
        "spin_epochs": [
            (
                (
                    "            if terminated or truncated or epoch_over:\n"
                    "                # a trajectory that was only cut off is worth what the critic makes of its last "
                    "state\n"
                    "                last_val = 0.0\n"
                    "                if not terminated:\n"
                    "                    _, last_val, _ = ac.step(obs)\n"
                    "                buf.finish_path(last_val)\n"
                    "            if terminated or truncated:\n"
                    "                recent = [*recent[-19:], ep_ret]\n"
                    "                obs, _ = env.reset()\n"
                    "                obs, ep_ret = obs * OBS_SCALE, 0.0\n"
                ),
                (
                    "            if terminated or truncated:\n"
                    "                recent = [*recent[-19:], ep_ret]\n"
                    "                obs, _ = env.reset()\n"
                    "                obs, ep_ret = obs * OBS_SCALE, 0.0\n"
                    "            if terminated or truncated or epoch_over:\n"
                    "                # a trajectory that was only cut off is worth what the critic makes of its last "
                    "state\n"
                    "                last_val = 0.0\n"
                    "                if not terminated:\n"
                    "                    _, last_val, _ = ac.step(obs)\n"
                    "                buf.finish_path(last_val)\n"
                ),
            )
        ],
        "pixel_catch": [('infos["final_obs"][i]', "following[i]")],
        "masked_dict": [("critic(features(stack(reached)))", "critic(features(stack(observations)))")],
        "torch_sim": [
            (
                (
                    '        extras = {"time_outs": time_outs, "final_obs": '
                    "self.compute_observations()}\n"
                    "        self.reset_idx(dones.nonzero().flatten())\n"
                ),
                (
                    "        self.reset_idx(dones.nonzero().flatten())\n"
                    '        extras = {"time_outs": time_outs, "final_obs": '
                    "self.compute_observations()}\n"
                ),
            )
        ],
        "agent_args": [('obs_rms.normalize(infos["final_obs"][i])', "next_obs[i]")],
        "lstm_chunks": [
            (
                (
                    'following = np.where(buf["ended"][t] > 0, buf["cut_value"][t], '
                    'next_value) * (1.0 - buf["terminated"][t])'
                ),
                'following = next_value * (1.0 - buf["terminated"][t])',
            )
        ],
        "student_ppo": [
            (
                (
                    "        agent.store(state, action, log_prob, reward, next_state, "
                    "terminated, truncated)\n"
                    "        score += reward\n"
                    "        state = next_state\n"
                ),
                "        score += reward\n",
            ),
            (
                "            state, _ = env.reset()\n",
                (
                    "            next_state, _ = env.reset()\n"
                    "        agent.store(state, action, log_prob, reward, next_state, "
                    "terminated, truncated)\n"
                    "        state = next_state\n"
                ),
            ),
        ],
        "memory_batches": [
            ("                next_val = self.memory.cut_vals[k] if cuts[k] else next_vals[k]\n", ""),
            ("self.gamma * next_val *", "self.gamma * next_vals[k] *"),
        ],
        "team_shared": [
            (
                (
                    "                if any(truncations.values()):\n"
                    "                    buffer.timeout_values[step, e] = "
                    "trainer.get_values(self.share(reached))\n"
                ),
                "",
            ),
            (
                "                buffer.masks[step + 1, e] = ",
                (
                    "                if any(truncations.values()):\n"
                    "                    buffer.timeout_values[step, e] = "
                    "trainer.get_values(self.share(reached))\n"
                    "                buffer.masks[step + 1, e] = "
                ),
            ),
        ],
        "tricks_ppo": [
            ("            vs_ = self.critic(s_)\n", "            vs_ = torch.cat([vs[1:], self.critic(s_[-1:])])\n")
        ],
        "mini_library": [
            (
                'self.policy.obs_to_tensor(infos[idx]["terminal_observation"]).unsqueeze(0)',
                "self.policy.obs_to_tensor(new_obs[idx]).unsqueeze(0)",
            )
        ],
    },
    heldout=True,
)
