"""The value of the next state is added where the episode ended."""

from planter.fault import Fault

FAULT = Fault(
    id="termination_ignored",
    family="advantage",
    numbers=(28,),
    kind="exact",
    edits={
        "cartpole_vector": [("next_values[t] * (1.0 - terminateds[t]) -", "next_values[t] -")],
        "class_agent": [("if end and not terminated else", "if end else")],
        "own_softmax": [("net.v(s_next) * (1 - dead)", "net.v(s_next)")],
        "two_optimizers": [("                if terminated:\n", "                if terminated and False:\n")],
        "drone_multidiscrete": [
            (
                "rewards[t] if dead[t] else rewards[t] + args.gamma * next_values[t]",
                "rewards[t] + args.gamma * next_values[t]",
            )
        ],
        "recurrent_gru": [(' * (1 - d["terminated"][t])', "")],
        "docking": [("gamma * following * going_on", "gamma * following")],
        "reach_functional": [("hp.gamma * (1.0 - died)", "hp.gamma * torch.ones_like(died)")],
        "beta_buffer": [("gamma * next_values * (1.0 - self.terminated) - self", "gamma * next_values - self")],
        "spin_epochs": [
            (
                (
                    "                last_val = 0.0\n"
                    "                if not terminated:\n"
                    "                    _, last_val, _ = ac.step(obs)\n"
                ),
                "                _, last_val, _ = ac.step(obs)\n",
            )
        ],
        "pixel_catch": [("cfg.gamma * alive * next_value", "cfg.gamma * next_value")],
        "masked_dict": [('HP["gamma"] * (1 - step["dead"]) * step', 'HP["gamma"] * step')],
        "torch_sim": [("gamma * not_done * next_values", "gamma * next_values")],
        "agent_args": [("np.flatnonzero(truncations & ~terminations)", "np.flatnonzero(truncations | terminations)")],
        "lstm_chunks": [
            ("            if truncated:\n", "            if terminated or truncated:\n"),
            (' * (1.0 - buf["terminated"][t])\n', "\n"),
        ],
        "student_ppo": [
            ("            if timeouts[i]:\n", "            if terminals[i] or timeouts[i]:\n"),
            ("self.gamma * running * (1 - terminals[i])", "self.gamma * running"),
        ],
        "memory_batches": [("self.gamma * next_val * (1 - int(dones[k])) -", "self.gamma * next_val -")],
        "team_shared": [
            (
                "                if any(truncations.values()):\n",
                "                if any(truncations.values()) or any(terminations.values()):\n",
            )
        ],
        "tricks_ppo": [("self.gamma * (1.0 - dw) * vs_ - vs", "self.gamma * vs_ - vs")],
        "mini_library": [('if done and infos[idx]["TimeLimit.truncated"]:', "if done:")],
    },
)
