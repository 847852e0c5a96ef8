"""What fidelity.py asks of every trainer: tasks, and settings that all of them can be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COMMON = {
    "num_envs": 8,
    "rollout_steps": 128,
    "learning_rate": 5e-4,
    "learning_rate_schedule": "linear",
    "epochs": 4,
    "minibatches": 4,
    "clip_range": 0.2,
    "clip_range_value": 0.0,
    "normalise_advantages": "minibatch",
    "max_grad_norm": 0.5,
    "adam_epsilon": 1e-5,
}
SCALED = {"normalise_observations": True, "normalise_rewards": True}
"""Always on for continuous actions, since CleanRL's ppo_continuous_action.py cannot be asked to leave it."""
MUJOCO = {
    "num_envs": 4,
    "rollout_steps": 512,
    "learning_rate": 3e-4,
    "minibatches": 32,
    "epochs": 10,
    **SCALED,
}
ALL = ("ours", "sb3", "cleanrl")


@dataclass(frozen=True)
class Task:
    """One task, the same for every peer."""

    name: str
    """Id in gymnasium, or a game of small_games.py."""
    steps: int
    """Environment steps, whole rollouts."""
    seeds: int
    spread: float
    """Good minus random return, about: what differences are held against."""
    settings: dict[str, Any]
    peers: tuple[str, ...] = ALL
    about: str = ""

    def config(self, seed: int) -> dict[str, Any]:
        """All settings of one run, under our names."""
        return {**COMMON, **self.settings, "total_steps": self.steps, "seed": seed}


TASKS = (
    Task("CartPole-v1", 51_200, 10, 475.0, {}),
    Task("Acrobot-v1", 81_920, 5, 400.0, {"learning_rate": 1e-3}),
    Task(
        "Pendulum-v1",
        102_400,
        5,
        1000.0,
        {"num_envs": 4, "rollout_steps": 1024, "minibatches": 32, "epochs": 10, "gamma": 0.9, "learning_rate": 1e-3}
        | SCALED,
    ),
    Task(
        "MountainCarContinuous-v0",
        61_440,
        5,
        100.0,
        {"rollout_steps": 256, "minibatches": 8, "epochs": 10, "gamma": 0.999, "learning_rate": 1e-3} | SCALED,
    ),
    Task("HalfCheetah-v4", 102_400, 10, 2000.0, MUJOCO),
    Task("Hopper-v4", 102_400, 5, 1500.0, MUJOCO),
    Task(
        "LunarLander-v3",
        200_704,
        5,
        400.0,
        {"num_envs": 16, "rollout_steps": 256, "minibatches": 64, "gamma": 0.999, "gae_lambda": 0.98}
        | {"entropy_coefficient": 0.01, "learning_rate": 7e-4},
    ),
    Task(
        "pixels",
        20_480,
        5,
        8.0,
        {"rollout_steps": 64, "entropy_coefficient": 0.01},
        about="Catch (small_games.py): images of 84x84, four frames, the Nature CNN; from -5 to 5, random play -3",
    ),
    Task(
        "memory",
        40_960,
        5,
        0.5,
        {"learning_rate": 3e-3, "recurrent_size": 32},
        ("ours-lstm", "ours-gru", "ours", "sb3-lstm"),
        about="Recall (small_games.py): no policy without memory earns more than 0.5, one with memory 1",
    ),
    Task(
        "doors",
        40_960,
        5,
        5.0,
        {"learning_rate": 3e-3},
        ("ours", "sb3-masked", "sb3"),
        about="Doors (small_games.py): who chooses among the allowed doors can earn 6.1, who does not know them 0.8",
    ),
)
QUICK = (
    Task("CartPole-v1", 16_384, 2, 475.0, {}),
    Task("Pendulum-v1", 4_096, 2, 1000.0, {"num_envs": 4, **SCALED}),
)
