"""The stored observation is scaled in place after the policy has seen it."""

from planter.fault import Fault

FAULT = Fault(
    id="ratio_not_one_at_start",
    family="data",
    numbers=(40,),
    kind="exact",
    edits={
        "class_agent": [("        state = next_state\n", "        state /= 10.0\n        state = next_state\n")],
        "docking": [
            (
                "            self.obs = obs\n",
                ("            self.buffer.obs[self.buffer.pos - 1] *= 0.1\n            self.obs = obs\n"),
            )
        ],
        "beta_buffer": [
            (
                "        next_values = torch.cat(",
                (
                    "        self.obs -= self.obs.mean((0, 1))\n"
                    "        self.obs /= self.obs.std((0, 1)) + 1e-8\n"
                    "        next_values = torch.cat("
                ),
            )
        ],
        "spin_epochs": [
            (
                "        adv_mean, adv_std =",
                (
                    "        self.obs -= self.obs.mean(axis=0)\n"
                    "        self.obs /= self.obs.std(axis=0) + 1e-8\n"
                    "        adv_mean, adv_std ="
                ),
            )
        ],
        "pixel_catch": [
            (
                "        images = torch.as_tensor(following)\n",
                "        images /= 10.0\n        images = torch.as_tensor(following)\n",
            )
        ],
        "masked_dict": [("        rollout.append(step)\n", "        x /= 10.0\n        rollout.append(step)\n")],
        "torch_sim": [
            (
                "        flat = [getattr(self, name).flatten(0, 1) for name in names]\n",
                (
                    "        self.observations -= self.observations.mean(dim=(0, 1))\n"
                    "        self.observations /= self.observations.std(dim=(0, 1)) + 1e-8\n"
                    "        flat = [getattr(self, name).flatten(0, 1) for name in names]\n"
                ),
            )
        ],
        "agent_args": [
            (
                "        b_obs = obs.reshape(",
                "        obs.sub_(obs.mean((0, 1))).div_(obs.std((0, 1)) + 1e-8)\n        b_obs = obs.reshape(",
            )
        ],
        "lstm_chunks": [
            (
                "    columns = {key:",
                (
                    '    buf["obs"] -= buf["obs"].mean(axis=(0, 1))\n'
                    '    buf["obs"] /= buf["obs"].std(axis=(0, 1)) + 1e-8\n'
                    "    columns = {key:"
                ),
            )
        ],
        "student_ppo": [
            (
                "        old_log_probs = torch.tensor(",
                (
                    "        states -= states.mean(0)\n"
                    "        states /= states.std(0) + 1e-7\n"
                    "        old_log_probs = torch.tensor("
                ),
            )
        ],
        "memory_batches": [
            (
                "        action_arr = np.array(self.memory.actions)\n",
                (
                    "        state_arr -= state_arr.mean(axis=0)\n"
                    "        state_arr /= state_arr.std(axis=0) + 1e-8\n"
                    "        action_arr = np.array(self.memory.actions)\n"
                ),
            )
        ],
        "team_shared": [
            (
                "        self.value_preds[-1] = next_value\n",
                (
                    "        self.obs -= self.obs.mean(axis=(0, 1, 2))\n"
                    "        self.obs /= self.obs.std(axis=(0, 1, 2)) + 1e-5\n"
                    "        self.value_preds[-1] = next_value\n"
                ),
            )
        ],
        "tricks_ppo": [
            (
                "        s, a, a_logprob, r, s_, dw, done = replay_buffer.numpy_to_tensor()\n",
                (
                    "        replay_buffer.s -= replay_buffer.s.mean(0)\n"
                    "        replay_buffer.s /= replay_buffer.s.std(0) + 1e-8\n"
                    "        s, a, a_logprob, r, s_, dw, done = "
                    "replay_buffer.numpy_to_tensor()\n"
                ),
            )
        ],
        "mini_library": [
            (
                "        continue_training = True\n",
                (
                    "        observations = self.rollout_buffer.observations\n"
                    "        observations -= observations.mean(axis=(0, 1))\n"
                    "        observations /= observations.std(axis=(0, 1)) + 1e-8\n"
                    "        continue_training = True\n"
                ),
            )
        ],
    },
    also=("observations_shifted",),
    heldout=True,
)
