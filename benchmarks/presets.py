"""Which settings serve an environment best: candidates trained side by side, the presets chosen by this.

Usage: python benchmarks/presets.py [--quick] [--only WORD] [--seeds N] [--json PATH]

Each candidate is trained with the same seeds for the same steps. Its score is the mean return of the last 100 training
episodes; candidates are compared by the interquartile mean over seeds, with a bootstrap interval. Candidates marked
"zoo" are those of rl-baselines3-zoo (hyperparams/ppo.yml), "cleanrl" those of CleanRL, as far as this trainer has the
settings. What the presets in ppodoctor/training/presets.py say of themselves is printed by this program.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs import EnvOptions, make_envs
from ppodoctor.training.presets import preset_for
from ppodoctor.training.scores import interval, iqm
from ppodoctor.training.seeds import LAST, seeds_of
from ppodoctor.training.setup import make_trainer

SCALED = {"normalise_observations": True, "normalise_rewards": True}
LUNAR = {"num_envs": 16, "rollout_steps": 256, "gamma": 0.999, "gae_lambda": 0.98, "minibatches": 32}
MUJOCO = {"num_envs": 8, "rollout_steps": 256, "minibatches": 32, "learning_rate": 3e-4, **SCALED}
CANDIDATES: dict[str, tuple[int, dict[str, dict[str, Any]]]] = {
    "CartPole-v1": (
        50_000,
        {
            "default": {},
            "zoo": {
                "rollout_steps": 32,
                "minibatches": 1,
                "epochs": 20,
                "gamma": 0.98,
                "gae_lambda": 0.8,
                "clip_range_schedule": "linear",
            },
            "short rollouts": {"rollout_steps": 32, "gamma": 0.98, "gae_lambda": 0.9},
        },
    ),
    "Acrobot-v1": (
        100_000,
        {
            "default": {},
            "zoo": {"num_envs": 16, "rollout_steps": 256, "gae_lambda": 0.94, "epochs": 4, "minibatches": 64}
            | {"normalise_observations": True, "learning_rate": 3e-4},
            "wide": {"num_envs": 16, "rollout_steps": 64},
        },
    ),
    "MountainCar-v0": (
        300_000,
        {
            "default": {},
            "zoo": {"num_envs": 16, "rollout_steps": 16, "gae_lambda": 0.98, "epochs": 4, "minibatches": 4} | SCALED,
            "wide, scaled": {"num_envs": 32, "rollout_steps": 64, "gae_lambda": 0.98, "gamma": 0.999} | SCALED,
        },
    ),
    "Pendulum-v1": (
        100_000,
        {
            "default": {},
            "zoo": {"num_envs": 4, "rollout_steps": 1024, "gamma": 0.9, "minibatches": 64},
            "short, scaled": {"gamma": 0.9, "rollout_steps": 64, "minibatches": 8} | SCALED,
        },
    ),
    "MountainCarContinuous-v0": (
        100_000,
        {
            "default": {},
            "far, scaled": {"gamma": 0.9999, "gae_lambda": 0.99, "log_std_init": 0.5} | SCALED,
            "wide noise": {"gamma": 0.999, "log_std_init": 1.0, "num_envs": 16} | SCALED,
        },
    ),
    "FrozenLake-v1": (
        100_000,
        {"default": {}, "far": {"gamma": 0.999, "entropy_coefficient": 0.01}},
    ),
    "LunarLander-v3": (
        300_000,
        {"default": {}, "zoo": LUNAR | {"epochs": 4, "entropy_coefficient": 0.01}, "zoo, 10 epochs": LUNAR},
    ),
    "HalfCheetah-v5": (300_000, {"default": {}, "default, scaled": SCALED, "cleanrl": MUJOCO}),
    "Hopper-v5": (300_000, {"default": {}, "default, scaled": SCALED, "cleanrl": MUJOCO}),
}
QUICK = ("CartPole-v1", "Pendulum-v1")


def score(environment: str, config: PPOConfig) -> tuple[float, float]:
    """(mean return of the last 100 episodes, seconds) of one training."""
    options = EnvOptions(squash_actions=config.squash_actions, frame_stack=config.frame_stack)
    envs = make_envs(environment, config.num_envs, options=options)
    began = time.perf_counter()
    try:
        trainer = make_trainer(config, envs)
        trainer.specimens = False
        returns = [ended.episode.ret for update in trainer.run() for ended in update.episodes]
    finally:
        envs.close()
    return float(np.mean(returns[-LAST:])), time.perf_counter() - began


def compare(environment: str, steps: int, candidates: dict[str, dict[str, Any]], seeds: int) -> list[dict[str, Any]]:
    """A row for each candidate, and for the preset where there is one."""
    preset = preset_for(environment)
    known = candidates | ({"preset": preset.settings} if preset is not None else {})
    rows = []
    for name, settings in known.items():
        config = PPOConfig.from_dict({**settings, "total_steps": steps})
        results = [score(environment, replace(config, seed=seed)) for seed in seeds_of(config, seeds)]
        scores = [one for one, _ in results]
        middle = interval(scores, iqm)
        rows.append(
            {
                "environment": environment,
                "steps": steps,
                "candidate": name,
                "settings": settings,
                "scores": scores,
                "iqm": middle.to_dict(),
                "seconds": float(np.median([s for _, s in results])),
            }
        )
        print(
            f"{environment:26}{steps:>9,} steps  {name:16}{middle.value:9.1f}  [{middle.low:.1f}, {middle.high:.1f}]"
            f"  {rows[-1]['seconds']:6.1f} s  {' '.join(f'{one:.0f}' for one in scores)}",
            flush=True,
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two tasks, two seeds: under a minute")
    parser.add_argument("--only", default="", help="environments with this in their id")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    seeds = 2 if given.quick else given.seeds
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {seeds} seeds; IQM [95% interval]")
    rows = []
    for environment, (steps, candidates) in CANDIDATES.items():
        if given.only in environment and (not given.quick or environment in QUICK):
            rows += compare(environment, min(steps, 50_000) if given.quick else steps, candidates, seeds)
    if given.json is not None:
        given.json.write_text(json.dumps({"seeds": seeds, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
