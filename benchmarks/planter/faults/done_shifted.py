"""The done flag of the step before is used."""

from planter.fault import Fault

FAULT = Fault(
    id="done_shifted",
    family="advantage",
    numbers=(27,),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("next_values[t] * (1.0 - terminateds[t])", "next_values[t] * (1.0 - terminateds[t - 1])"),
            ("(1.0 - dones[t]) * lastgaelam", "(1.0 - dones[t - 1]) * lastgaelam"),
        ],
        "own_softmax": [
            ("estimate(net, batch)\n    adv = (adv", "estimate(net, shifted(batch))\n    adv = (adv"),
            (
                "def improve(",
                (
                    "def shifted(batch):\n"
                    "    *rest, dead, over = batch\n"
                    "    return (*rest, torch.roll(dead, 1, 0), torch.roll(over, 1, 0))\n"
                    "\n"
                    "\n"
                    "def improve("
                ),
            ),
        ],
        "pendulum_notebook": [
            (
                "    values = values + [next_value]\n",
                ("    values = values + [next_value]\n    masks = [torch.ones_like(masks[0])] + masks[:-1]\n"),
            )
        ],
        "drone_multidiscrete": [
            (
                "        adv, acc = np",
                ("        dead, cut = [False] + dead[:-1], [False] + cut[:-1]\n        adv, acc = np"),
            )
        ],
        "recurrent_gru": [
            (
                '    adv, last = torch.zeros_like(d["reward"]), 0.0\n',
                (
                    '    adv, last = torch.zeros_like(d["reward"]), 0.0\n'
                    '    d = {**d, "terminated": d["terminated"].roll(1, 0), "ended": d["ended"].roll(1, 0)}\n'
                ),
            )
        ],
        "docking": [("going_on = 1.0 - self.ended[i]", "going_on = 1.0 - self.ended[i - 1]")],
        "reach_functional": [
            (
                "    surprise = traj",
                (
                    "    traj = traj._replace(discount=traj.discount.roll(1, 0), carry=traj.carry.roll(1, 0))\n"
                    "    surprise = traj"
                ),
            )
        ],
        "beta_buffer": [
            ("(1.0 - self.terminated) - self", "(1.0 - self.terminated.roll(1, 0)) - self"),
            (
                "torch.maximum(self.terminated, self.truncated)",
                "torch.maximum(self.terminated, self.truncated).roll(1, 0)",
            ),
        ],
        "pixel_catch": [("alive = 1.0 - dones[t]", "alive = 1.0 - dones[t - 1]")],
        "masked_dict": [
            (
                "    for step in reversed(rollout):\n",
                "    for step, before in zip(reversed(rollout), [*reversed(rollout[:-1]), rollout[-1]]):\n",
            ),
            ('(1 - step["dead"])', '(1 - before["dead"])'),
            ('(1 - step["over"])', '(1 - before["over"])'),
        ],
        "torch_sim": [("not_done = 1.0 - self.dones[step]", "not_done = 1.0 - self.dones[step - 1]")],
        "agent_args": [
            ("nextnonterminal = 1.0 - next_done", "nextnonterminal = 1.0 - dones[t]"),
            ("nextnonterminal = 1.0 - dones[t + 1]", "nextnonterminal = 1.0 - dones[t]"),
        ],
        "lstm_chunks": [
            (
                (
                    'following = np.where(buf["ended"][t] > 0, buf["cut_value"][t], '
                    'next_value) * (1.0 - buf["terminated"][t])'
                ),
                (
                    'following = np.where(buf["first"][t] > 0, buf["cut_value"][t - 1], '
                    'next_value) * (1.0 - buf["terminated"][t - 1])'
                ),
            ),
            ('(1.0 - buf["ended"][t]) * running', '(1.0 - buf["first"][t]) * running'),
        ],
        "student_ppo": [
            ("            if timeouts[i]:\n", "            if timeouts[i - 1]:\n"),
            ("(1 - terminals[i])", "(1 - terminals[i - 1])"),
        ],
        "memory_batches": [
            ("(1 - int(dones[k]))", "(1 - int(dones[k - 1]))"),
            ("if dones[k] or cuts[k]:", "if dones[k - 1] or cuts[k - 1]:"),
        ],
        "team_shared": [("going_on = self.masks[step + 1]", "going_on = self.masks[step]")],
        "tricks_ppo": [
            ("        self.dw[self.count] = dw\n", "        self.dw[(self.count + 1) % len(self.dw)] = dw\n"),
            ("        self.done[self.count] = done\n", "        self.done[(self.count + 1) % len(self.done)] = done\n"),
        ],
        "mini_library": [
            (
                (
                    "            if step == self.buffer_size - 1:\n"
                    "                next_non_terminal = 1.0 - dones.astype(np.float32)\n"
                ),
                (
                    "            next_non_terminal = 1.0 - self.episode_starts[step]\n"
                    "            if step == self.buffer_size - 1:\n"
                ),
            ),
            ("                next_non_terminal = 1.0 - self.episode_starts[step + 1]\n", ""),
        ],
    },
)
