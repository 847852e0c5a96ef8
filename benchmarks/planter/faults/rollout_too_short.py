"""An update is made from eight steps."""

from planter.fault import Fault

FAULT = Fault(
    id="rollout_too_short",
    family="config",
    numbers=(73, 74),
    kind="statistical",
    edits={
        "class_agent": [("horizon=2048", "horizon=8")],
        "drone_multidiscrete": [('"--rollout", type=int, default=2048', '"--rollout", type=int, default=8')],
        "docking": [("steps: int = 256", "steps: int = 2")],
        "beta_buffer": [("rollout_len: int = 256", "rollout_len: int = 1")],
        "spin_epochs": [("steps_per_epoch=2400", "steps_per_epoch=8")],
        "pixel_catch": [
            ("num_steps: int = 128", "num_steps: int = 1"),
            ("total_updates: int = 300", "total_updates: int = 40_000"),
        ],
        "masked_dict": [('"rollout": 256', '"rollout": 2'), ("default=400", "default=40_000")],
        "torch_sim": [
            ('"num_envs": 64', '"num_envs": 8'),
            ('"num_steps_per_env": 24', '"num_steps_per_env": 1'),
            ("default=300", "default=40_000"),
        ],
        "agent_args": [
            ("total_timesteps: int = 120_000", "total_timesteps: int = 400_000"),
            ("num_steps: int = 128", "num_steps: int = 1"),
            ("num_minibatches: int = 4", "num_minibatches: int = 1"),
        ],
        "lstm_chunks": [
            ('"--steps", type=int, default=128', '"--steps", type=int, default=1'),
            ('"--chunk", type=int, default=16', '"--chunk", type=int, default=1'),
            ('"--updates", type=int, default=100', '"--updates", type=int, default=20_000'),
        ],
        "student_ppo": [("update_every=2048", "update_every=8")],
        "team_shared": [
            ('"--episode-length", type=int, default=64', '"--episode-length", type=int, default=1'),
            ('"--num-updates", type=int, default=300', '"--num-updates", type=int, default=20_000'),
        ],
    },
    also=("batch_too_small",),
    seconds=40,
    heldout=True,
)
