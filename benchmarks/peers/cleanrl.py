"""CleanRL as a peer: which of its scripts, run by which interpreter, with which arguments.

Its scripts pin gymnasium 0.29, whose vector environments reset in the step of the end; under 1.x they would train on
the rows that reset inserts, which is not how they are meant. So they run in an interpreter of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = Path(__file__).with_name("cleanrl_host.py")
CONTINUOUS = ("Pendulum", "MountainCarContinuous", "HalfCheetah", "Hopper")


@dataclass(frozen=True)
class CleanRL:
    """A clone of CleanRL, and the Python that has what its scripts import."""

    folder: Path
    python: str

    def script(self, task: str) -> Path:
        """The script for a task. Raises FileNotFoundError with what to give."""
        name = "ppo_atari.py" if task == "pixels" else "ppo.py"
        if task.startswith(CONTINUOUS):
            name = "ppo_continuous_action.py"
        for place in (self.folder / "cleanrl" / name, self.folder / name):
            if place.is_file():
                return place
        raise FileNotFoundError(f"--cleanrl {self.folder} holds no {name}; give a clone of CleanRL's repository")

    def command(self, facts: dict[str, Any], arguments: list[str]) -> list[str]:
        """Runs the script for `facts["task"]`; see cleanrl_host.py."""
        script = str(self.script(facts["task"]).resolve())
        return [self.python, "-u", str(HOST), json.dumps(facts), "--", script, "--no-cuda", *arguments]


def arguments(config: dict[str, Any]) -> list[str]:
    """Our settings in CleanRL's words. Raises ValueError for one that it does not have.

    CleanRL halves the mean squared error of the values once more, so its coefficient is twice ours.
    """
    given = {
        "--total-timesteps": config["total_steps"],
        "--seed": config["seed"],
        "--num-envs": config["num_envs"],
        "--num-steps": config["rollout_steps"],
        "--learning-rate": config["learning_rate"],
        "--gamma": config.get("gamma", 0.99),
        "--gae-lambda": config.get("gae_lambda", 0.95),
        "--num-minibatches": config["minibatches"],
        "--update-epochs": config["epochs"],
        "--clip-coef": config["clip_range"],
        "--ent-coef": config.get("entropy_coefficient", 0.0),
        "--vf-coef": 2 * config.get("value_coefficient", 0.5),
        "--max-grad-norm": config["max_grad_norm"],
    }
    fixed = {"adam_epsilon": 1e-5, "log_std_init": 0.0, "activation": "tanh", "normalise_advantages": "minibatch"}
    for name, value in fixed.items():
        if config.get(name, value) != value:
            raise ValueError(f"CleanRL has no setting for {name}: it is always {value}")
    said = [word for name, value in given.items() for word in (name, str(value))]
    annealed = config.get("learning_rate_schedule", "linear") == "linear"
    clipped = bool(config.get("clip_range_value", 0.0))
    return [*said, "--anneal-lr" if annealed else "--no-anneal-lr", "--clip-vloss" if clipped else "--no-clip-vloss"]
