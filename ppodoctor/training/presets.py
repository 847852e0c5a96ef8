"""Settings that serve known environments, each with where it comes from and what was measured.

`benchmarks/presets.py` trains them beside the defaults and other people's settings; its figures are interquartile means
of three seeds, of the mean return of the last 100 training episodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ppodoctor.config import PPOConfig

SCALED = {"normalise_observations": True, "normalise_rewards": True}
ZOO = "rl-baselines3-zoo, hyperparams/ppo.yml"


@dataclass(frozen=True)
class Preset:
    """Settings for a family of environments."""

    name: str
    ids: tuple[str, ...]
    """Patterns of gymnasium ids, such as Hopper-v*."""
    settings: Mapping[str, Any]
    """Those that differ from the defaults of PPOConfig."""
    source: str
    """Where they come from."""
    measured: str
    """What benchmarks/presets.py found, or that it was not asked."""


PRESETS: tuple[Preset, ...] = (
    Preset(
        "CartPole",
        ("CartPole-v*",),
        {"rollout_steps": 32, "gamma": 0.98, "gae_lambda": 0.9},
        f"shorter rollouts and a nearer horizon, after {ZOO}",
        "433 after 50,000 steps; the defaults 325",
    ),
    Preset(
        "Acrobot",
        ("Acrobot-v*",),
        {},
        "the defaults",
        f"-84 after 100,000 steps; those of {ZOO} -257",
    ),
    Preset(
        "MountainCar",
        ("MountainCar-v*",),
        {"total_steps": 300_000, "num_envs": 16, "rollout_steps": 16, "gae_lambda": 0.98, "epochs": 4, **SCALED},
        ZOO,
        "-113 after 300,000 steps; the defaults never reach the goal",
    ),
    Preset(
        "MountainCarContinuous",
        ("MountainCarContinuous-v*",),
        {"gamma": 0.9999, "gae_lambda": 0.99, "log_std_init": 0.5, **SCALED},
        "a far horizon and much noise at first",
        "94 after 100,000 steps; the defaults -11",
    ),
    Preset(
        "Pendulum",
        ("Pendulum-v*",),
        {"num_envs": 4, "rollout_steps": 1024, "gamma": 0.9, "minibatches": 64},
        ZOO,
        "-188 after 100,000 steps; the defaults -1083",
    ),
    Preset(
        "FrozenLake",
        ("FrozenLake-v*", "FrozenLake8x8-v*"),
        {"gamma": 0.999, "entropy_coefficient": 0.01},
        "a far horizon, since only the goal pays, and an entropy bonus",
        "0.5 after 100,000 steps; the defaults 0.3",
    ),
    Preset(
        "LunarLander",
        ("LunarLander-v*",),
        {
            "total_steps": 500_000,
            "num_envs": 16,
            "rollout_steps": 256,
            "gamma": 0.999,
            "gae_lambda": 0.98,
            "minibatches": 32,
        },
        f"{ZOO}, with shorter rollouts, ten epochs and no entropy bonus",
        "185 after 300,000 steps; the defaults -92",
    ),
    Preset(
        "MuJoCo",
        tuple(
            f"{name}-v*"
            for name in (
                *("Ant", "HalfCheetah", "Hopper", "Humanoid", "HumanoidStandup", "Walker2d", "Swimmer"),
                *("InvertedPendulum", "InvertedDoublePendulum", "Pusher", "Reacher"),
            )
        ),
        {"total_steps": 1_000_000, **SCALED},
        "observations and rewards scaled, as CleanRL's ppo_continuous_action.py does; the rest are the defaults",
        "after 300,000 steps HalfCheetah 1299 and Hopper 1751; the defaults 746 and 607",
    ),
    Preset(
        "Atari",
        ("ALE/*", "*NoFrameskip-v*"),
        {
            "total_steps": 10_000_000,
            "frame_stack": 4,
            "learning_rate": 2.5e-4,
            "epochs": 4,
            "clip_range": 0.1,
            "entropy_coefficient": 0.01,
            "shared_network": True,
        },
        "Schulman et al. 2017, table 5, as in CleanRL's ppo_atari.py",
        "not measured by us",
    ),
)


def preset_for(environment: Any) -> Preset | None:
    """The preset for an environment by its id, None for one that is not known."""
    if not isinstance(environment, str):
        return None
    word = environment if environment.startswith("ALE/") else environment.rpartition(":")[2]
    return next((one for one in PRESETS if any(fnmatchcase(word, pattern) for pattern in one.ids)), None)


def config_for(environment: Any, **changes: Any) -> PPOConfig:
    """The settings for an environment: its preset where there is one, the defaults elsewhere, then the changes."""
    preset = preset_for(environment)
    return PPOConfig.from_dict({**(preset.settings if preset is not None else {}), **changes})
