"""The mask is the done flag itself: values count only where the episode ended."""

from planter.fault import Fault

FAULT = Fault(
    id="done_inverted",
    family="advantage",
    numbers=(27, 28),
    kind="exact",
    edits={
        "cartpole_vector": [
            ("(1.0 - terminateds[t])", "terminateds[t]"),
            ("(1.0 - dones[t]) * last", "dones[t] * last"),
        ],
        "own_softmax": [
            ("net.v(s_next) * (1 - dead)", "net.v(s_next) * dead"),
            ("(1 - over[t, 0].item())", "over[t, 0].item()"),
        ],
        "recurrent_gru": [('(1 - d["terminated"][t])', 'd["terminated"][t]'), ('(1 - d["ended"][t])', 'd["ended"][t]')],
        "docking": [("going_on = 1.0 - self.ended[i]", "going_on = self.ended[i]")],
        "beta_buffer": [
            ("(1.0 - self.terminated) - self", "self.terminated - self"),
            ("1.0 - torch.maximum(self.terminated, self.truncated)", "torch.maximum(self.terminated, self.truncated)"),
        ],
        "spin_epochs": [("                if not terminated:\n", "                if terminated:\n")],
        "pixel_catch": [("alive = 1.0 - dones[t]", "alive = dones[t]")],
        "masked_dict": [('(1 - step["dead"])', 'step["dead"]'), ('(1 - step["over"])', 'step["over"]')],
        "torch_sim": [("not_done = 1.0 - self.dones[step]", "not_done = self.dones[step]")],
        "agent_args": [
            ("nextnonterminal = 1.0 - next_done", "nextnonterminal = next_done"),
            ("nextnonterminal = 1.0 - dones[t + 1]", "nextnonterminal = dones[t + 1]"),
        ],
        "lstm_chunks": [
            ('(1.0 - buf["terminated"][t])', 'buf["terminated"][t]'),
            ('(1.0 - buf["ended"][t]) * running', 'buf["ended"][t] * running'),
        ],
        "student_ppo": [("running * (1 - terminals[i])", "running * terminals[i]")],
        "memory_batches": [("(1 - int(dones[k]))", "int(dones[k])")],
        "team_shared": [("0.0 if ended else 1.0", "1.0 if ended else 0.0")],
        "tricks_ppo": [
            ("self.gamma * (1.0 - dw) * vs_ - vs", "self.gamma * dw * vs_ - vs"),
            ("self.lamda * gae * (1.0 - d)", "self.lamda * gae * d"),
        ],
        "mini_library": [
            ("next_non_terminal = 1.0 - dones.astype(np.float32)", "next_non_terminal = dones.astype(np.float32)"),
            (
                "next_non_terminal = 1.0 - self.episode_starts[step + 1]",
                "next_non_terminal = self.episode_starts[step + 1]",
            ),
        ],
    },
    heldout=True,
)
