"""Where the time limit cuts an episode, the state it was cut in counts as worth nothing."""

from planter.fault import Fault

FAULT = Fault(
    id="time_limit_read_as_death",
    family="data",
    numbers=(29,),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("gym.make(args.env)", "gym.make(args.env, max_episode_steps=30)"),
            ("(1.0 - terminateds[t]) - values[t]", "(1.0 - dones[t]) - values[t]"),
        ],
        "class_agent": [
            ("gym.make(env_name)", "gym.make(env_name, max_episode_steps=30)"),
            ("if end and not terminated else", "if end and not (terminated or truncated) else"),
        ],
        "own_softmax": [
            ('gym.make("CartPole-v1")', 'gym.make("CartPole-v1", max_episode_steps=30)'),
            ("net.v(s_next) * (1 - dead)", "net.v(s_next) * (1 - over)"),
        ],
        "two_optimizers": [
            ("gym.make(env_name)", "gym.make(env_name, max_episode_steps=30)"),
            ("                if terminated:\n", "                if terminated or truncated:\n"),
        ],
        "pendulum_notebook": [("if truncated and not terminated:", "if truncated and terminated:")],
        "vector_continuous": [("self.next_value[t] * self.alive[t]", "self.next_value[t] * self.running_on[t]")],
        "drone_multidiscrete": [
            ("max_episode_steps=100", "max_episode_steps=20"),
            ("rewards[t] if dead[t] else", "rewards[t] if cut[t] else"),
        ],
        "own_gaussian": [("V_NEXT[t] * ~TERMINATED[t]", "V_NEXT[t] * ~ENDED[t]")],
        "docking": [("max_steps = 120", "max_steps = 40"), ('if info["timeout"]:', 'if info["timeout"] and not done:')],
        "reach_functional": [("hp.gamma * (1.0 - died)", "hp.gamma * (1.0 - ended)")],
        "beta_buffer": [
            ("(1.0 - self.terminated) - self", "(1.0 - torch.maximum(self.terminated, self.truncated)) - self")
        ],
        "spin_epochs": [
            ("                if not terminated:\n", "                if not (terminated or truncated):\n")
        ],
        "pixel_catch": [
            (
                (
                    "        for i in np.flatnonzero(truncated & ~terminated):\n"
                    '            _, rest = agent(torch.as_tensor(infos["final_obs"][i]).unsqueeze(0))\n'
                    "            reward[i] += cfg.gamma * rest.item()\n"
                ),
                "",
            ),
            (
                (
                    "        # a game that was cut short would have gone on: its last picture's value makes up for "
                    "the missing reward\n"
                ),
                "",
            ),
        ],
        "masked_dict": [('(1 - step["dead"])', '(1 - step["over"])')],
        "torch_sim": [
            (
                (
                    "        # an episode that only ran out of time is credited with what "
                    "its last state was still worth\n"
                    "        final_values = "
                    'self.actor_critic.evaluate(extras["final_obs"]).squeeze(-1)\n'
                    '        self.transition["rewards"] = rewards + self.cfg["gamma"] * '
                    'final_values * extras["time_outs"]\n'
                ),
                '        self.transition["rewards"] = rewards\n',
            )
        ],
        "agent_args": [
            ("            # an episode cut by the clock is still worth what its last state promises\n", ""),
            ("            cut_values[step] = 0.0\n", ""),
            (
                (
                    "            for i in np.flatnonzero(truncations & ~terminations):\n"
                    "                with torch.no_grad():\n"
                    "                    cut_values[step, i] = "
                    'agent.get_value(obs_rms.normalize(infos["final_obs"][i]).unsqueeze(0))'
                    ".item()\n"
                ),
                "",
            ),
            ("    cut_values = torch.zeros((args.num_steps, args.num_envs))\n", ""),
            ("nextvalues * nextnonterminal + cut_values[t]", "nextvalues * nextnonterminal"),
        ],
        "lstm_chunks": [
            (
                (
                    'following = np.where(buf["ended"][t] > 0, buf["cut_value"][t], '
                    'next_value) * (1.0 - buf["terminated"][t])'
                ),
                'following = next_value * (1.0 - buf["ended"][t])',
            )
        ],
        "student_ppo": [
            ("self.memory.terminals.append(terminated)", "self.memory.terminals.append(terminated or truncated)")
        ],
        "memory_batches": [
            (
                (
                    "        cut_val = agent.evaluate(observation_) if truncated else 0.0\n"
                    "        agent.remember(observation, action, prob, val, reward, "
                    "terminated, truncated, cut_val)"
                ),
                (
                    "        done = terminated or truncated\n"
                    "        cut_val = agent.evaluate(observation_) if truncated else 0.0\n"
                    "        agent.remember(observation, action, prob, val, reward, done, "
                    "truncated, cut_val)"
                ),
            ),
            ("        if terminated or truncated:\n", "        if done:\n"),
        ],
        "team_shared": [
            (
                (
                    "                if any(truncations.values()):\n"
                    "                    buffer.timeout_values[step, e] = "
                    "trainer.get_values(self.share(reached))\n"
                ),
                "",
            )
        ],
        "tricks_ppo": [("deltas = r + self.gamma * (1.0 - dw) * vs_", "deltas = r + self.gamma * (1.0 - done) * vs_")],
        "mini_library": [
            (
                (
                    "            for idx, done in enumerate(dones):\n"
                    '                if done and infos[idx]["TimeLimit.truncated"]:\n'
                    "                    terminal_obs = "
                    'self.policy.obs_to_tensor(infos[idx]["terminal_observation"]).unsqueez'
                    "e(0)\n"
                    "                    with torch.no_grad():\n"
                    "                        terminal_value = "
                    "self.policy.predict_values(terminal_obs)[0]\n"
                    "                    rewards[idx] += self.gamma * "
                    "terminal_value.item()\n"
                    "\n"
                ),
                "",
            )
        ],
    },
)
