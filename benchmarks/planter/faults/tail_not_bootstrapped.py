"""The last state of the rollout counts as worth nothing, though its episode goes on."""

from planter.fault import Fault

FAULT = Fault(
    id="tail_not_bootstrapped",
    family="advantage",
    numbers=(37,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "    advantages = torch.zeros_like(rewards)\n",
                "    next_values[-1] = 0.0\n    advantages = torch.zeros_like(rewards)\n",
            )
        ],
        "class_agent": [("if end and not terminated else", "if truncated else")],
        "two_optimizers": [("                if terminated:\n", "                if not truncated:\n")],
        "pendulum_notebook": [
            ("returns = compute_gae(next_value,", "returns = compute_gae(torch.zeros_like(next_value),")
        ],
        "own_gaussian": [("    ADV = np.zeros", "    V_NEXT[-1] = 0.0\n    ADV = np.zeros")],
        "recurrent_gru": [
            (
                '    adv, last = torch.zeros_like(d["reward"]), 0.0\n',
                ('    adv, last = torch.zeros_like(d["reward"]), 0.0\n    d["next_value"][-1] = 0.0\n'),
            )
        ],
        "docking": [
            ("following, running = last_value, torch", "following, running = torch.zeros_like(last_value), torch")
        ],
        "beta_buffer": [("last_values.unsqueeze(0)])", "torch.zeros_like(last_values).unsqueeze(0)])")],
        "spin_epochs": [("                if not terminated:\n", "                if truncated and not terminated:\n")],
        "pixel_catch": [("_, next_value = agent(images)", "next_value = torch.zeros(cfg.num_envs)")],
        "masked_dict": [
            (
                "    for step in reversed(rollout):\n",
                ('    rollout[-1]["next_value"] = torch.zeros(HP["n_envs"])\n    for step in reversed(rollout):\n'),
            )
        ],
        "torch_sim": [
            ("last_values if step == self.num_steps - 1", "torch.zeros_like(last_values) if step == self.num_steps - 1")
        ],
        "agent_args": [("nextvalues = next_value\n", "nextvalues = torch.zeros(args.num_envs)\n")],
        "lstm_chunks": [
            (
                "next_value, running = last_value, np.zeros_like(last_value)",
                "next_value, running = np.zeros_like(last_value), np.zeros_like(last_value)",
            )
        ],
        "student_ppo": [("running = next_values[-1]", "running = 0.0")],
        "memory_batches": [
            ("next_vals = np.append(vals_arr[1:], last_val)", "next_vals = np.append(vals_arr[1:], 0.0)")
        ],
        "team_shared": [("self.value_preds[-1] = next_value", "self.value_preds[-1] = 0.0")],
        "tricks_ppo": [
            ("            vs_ = self.critic(s_)\n", "            vs_ = self.critic(s_)\n            vs_[-1] = 0.0\n")
        ],
        "mini_library": [("                next_values = last_values\n", "                next_values = 0.0\n")],
    },
)
