"""The recursion starts from the last stored value, that of the state in which the last action was taken."""

from planter.fault import Fault

FAULT = Fault(
    id="tail_bootstrapped_from_own_state",
    family="advantage",
    numbers=(37,),
    kind="exact",
    edits={
        "cartpole_vector": [
            (
                "    advantages = torch.zeros_like(rewards)\n",
                "    next_values[-1] = values[-1]\n    advantages = torch.zeros_like(rewards)\n",
            )
        ],
        "pendulum_notebook": [("returns = compute_gae(next_value,", "returns = compute_gae(values[-1],")],
        "own_gaussian": [("    ADV = np.zeros", "    V_NEXT[-1] = V[-1]\n    ADV = np.zeros")],
        "recurrent_gru": [
            (
                '    adv, last = torch.zeros_like(d["reward"]), 0.0\n',
                ('    adv, last = torch.zeros_like(d["reward"]), 0.0\n    d["next_value"][-1] = d["value"][-1]\n'),
            )
        ],
        "beta_buffer": [("last_values.unsqueeze(0)])", "self.values[-1:]])")],
        "spin_epochs": [("                    _, last_val, _ = ac.step(obs)\n", "                    last_val = v\n")],
        "pixel_catch": [("_, next_value = agent(images)", "next_value = values[-1]")],
        "masked_dict": [
            (
                "    for step in reversed(rollout):\n",
                '    rollout[-1]["next_value"] = rollout[-1]["value"]\n    for step in reversed(rollout):\n',
            )
        ],
        "torch_sim": [
            (
                "next_values = last_values if step == self.num_steps - 1 else self.values[step + 1]",
                "next_values = self.values[min(step + 1, self.num_steps - 1)]",
            )
        ],
        "agent_args": [("nextvalues = next_value\n", "nextvalues = values[t]\n")],
        "lstm_chunks": [("next_value, running = last_value,", 'next_value, running = buf["value"][-1],')],
        "student_ppo": [
            ("self.discount(rewards, next_values,", "self.discount(rewards, values[-1].item(), next_values,"),
            ("def discount(self, rewards, next_values,", "def discount(self, rewards, last_value, next_values,"),
            ("running = next_values[-1]", "running = last_value"),
        ],
        "memory_batches": [
            ("next_vals = np.append(vals_arr[1:], last_val)", "next_vals = np.append(vals_arr[1:], vals_arr[-1])")
        ],
        "team_shared": [("self.value_preds[-1] = next_value", "self.value_preds[-1] = self.value_preds[-2]")],
        "tricks_ppo": [
            ("            vs_ = self.critic(s_)\n", "            vs_ = self.critic(s_)\n            vs_[-1] = vs[-1]\n")
        ],
        "mini_library": [
            ("last_values = self.policy.predict_values(self.policy.obs_to_tensor(new_obs))", "last_values = values")
        ],
    },
)
