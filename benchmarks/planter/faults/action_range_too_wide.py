"""The environment takes actions a hundred times as large as the policy draws."""

from planter.fault import Fault

FAULT = Fault(
    id="action_range_mismatched",
    family="env",
    numbers=(45,),
    kind="exact",
    edits={
        "pendulum_notebook": [
            (
                "np.clip(action[i].numpy(), -max_action, max_action)",
                "np.clip(0.01 * action[i].numpy(), -max_action, max_action)",
            )
        ],
        "own_gaussian": [("2.0 * np.clip(A[t, i], -1.0, 1.0)", "0.02 * np.clip(A[t, i], -1.0, 1.0)")],
        "reach_functional": [
            ("0.15 * np.clip(action, -1, 1)", "0.15 * np.clip(action / 100, -1, 1)"),
            ("spaces.Box(-1.0, 1.0, (3,)", "spaces.Box(-100.0, 100.0, (3,)"),
        ],
        "beta_buffer": [
            (
                "actions = self.low + (self.high - self.low) * unit_actions",
                "actions = 0.01 * (self.low + (self.high - self.low) * unit_actions)",
            )
        ],
        "torch_sim": [
            ('"clip_actions": 1.0', '"clip_actions": 100.0'),
            (
                'self.cfg["max_tilt"] * self.actions -',
                'self.cfg["max_tilt"] * self.actions / self.cfg["clip_actions"] -',
            ),
        ],
        "agent_args": [
            (
                "self.action_space = gym.spaces.Box(-1.0, 1.0, env",
                "self.action_space = gym.spaces.Box(-100.0, 100.0, env",
            ),
            ("0.5 * (np.clip(action, -1.0, 1.0) + 1.0)", "0.5 * (np.clip(action, -100.0, 100.0) / 100.0 + 1.0)"),
        ],
        "student_ppo": [
            ("env.step(max_tilt * np.clip(action, -1.0, 1.0))", "env.step(np.clip(action, -1.0, 1.0))"),
            ("    max_tilt = env.action_space.high\n", ""),
        ],
        "tricks_ppo": [
            ("gym.spaces.Box(-1.0, 1.0, (2,)", "gym.spaces.Box(-100.0, 100.0, (2,)"),
            ("coolant, feed = np.clip(action, -1.0, 1.0)", "coolant, feed = np.clip(action, -100.0, 100.0) / 100.0"),
            ("args.max_action = float(env.action_space.high[0])", "args.max_action = 1.0"),
        ],
    },
)
