"""`train`: an environment and settings in, a policy and a diagnosable run folder out."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.recorder import numbered_folder
from ppodoctor.run import Run
from ppodoctor.training.envs import EnvOptions, Envs
from ppodoctor.training.observe import Observer
from ppodoctor.training.origin import origin_of
from ppodoctor.training.policy import Policy, policy_of
from ppodoctor.training.presets import config_for
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.session import run_to_end, with_checkpoints
from ppodoctor.training.setup import ActorCritic, make_trainer, why_not_inside


@dataclass(frozen=True)
class Result:
    """What a run left behind."""

    policy: Policy
    folder: Path
    stopped: str = ""
    """Why it ended before its last update."""
    signal: int = 0
    """The signal that ended it, such as 2 for Ctrl-C, or 0."""

    @cached_property
    def run(self) -> Run:
        """The run folder, read; `ppodoctor.diagnose(result.run)` judges it."""
        return Run.load(self.folder)


def train(
    environment: Any,
    config: PPOConfig | None = None,
    *,
    out: str | Path | None = None,
    options: EnvOptions | None = None,
    actor_critic: ActorCritic | None = None,
    observers: Sequence[Observer] = (),
) -> Result:
    """Train PPO on an environment.

    Args:
        environment: A gymnasium id, an environment class, a function that makes one, or `Envs` made already.
        config: The settings; without it the preset of a known environment (`ppodoctor.training.presets`), else the
            defaults.
        out: Run folder; without it runs/DATE-ENVIRONMENT-NUMBER.
        options: How environments are made.
        actor_critic: Makes the network in place of the built-in ones; see `ppodoctor.training.networks`.
        observers: Called after every update; see `ppodoctor.training.observe`. Checkpoints are written without asking;
            one's own `Checkpoints(seconds=...)` among them says how often.

    Ctrl-C and SIGTERM end the training at a whole update, the one that runs or, where the compiled core steps the
    environments, the last one; `Result.signal` says so.

    Raises:
        ConfigError: the settings do not fit each other or the environment.
        EnvironmentFault: the environment broke its contract.
        TrainingError: a number stopped being finite.
    """
    config, options = config or config_for(environment), options or EnvOptions()
    envs = envs_for(environment, config, options, own=actor_critic is not None)
    try:
        trainer = make_trainer(config, envs, actor_critic=actor_critic)
        folder = _unused(Path(out)) if out is not None else new_folder(envs.spec_id or name_of(environment))
        writer = RunWriter(folder, trainer, actor_critic)
        origin = origin_of(environment, config, options, actor_critic, how=envs.how)
        writer.describe(origin=origin)
        signal = run_to_end(trainer, writer, with_checkpoints(observers, origin))
    finally:
        envs.close()
    return Result(policy_of(trainer, actor_critic), folder, trainer.stopping, signal)


def envs_for(environment: Any, config: PPOConfig, options: EnvOptions, *, own: bool = False, stepped: str = "") -> Envs:
    """The environments of a run: inside of the compiled core, made as the settings ask for, or those that were given.

    Args:
        environment: As for `train`.
        config: The settings.
        options: How they are made.
        own: Is the network the user's own?
        stepped: Where they have to stand, "core" or "python", as for a run that is gone on with.

    Raises:
        ConfigError: the core has to step them, and cannot.
    """
    why_not = why_not_inside(environment, config, options, own=own)
    if stepped == "core" and why_not:
        raise ConfigError(f"the compiled core stepped this run's environments, and cannot go on with them: {why_not}")
    if stepped != "python" and not why_not:
        from ppodoctor.training.native import NativeEnvs

        return NativeEnvs(environment, config.num_envs)
    if all(hasattr(environment, name) for name in ("num_envs", "how", "autoreset", "state")):
        given: Envs = environment
        return given
    from ppodoctor.training.envs import make_envs

    wanted = replace(options, squash_actions=config.squash_actions, frame_stack=config.frame_stack)
    return make_envs(environment, config.num_envs, options=wanted)


def _unused(folder: Path) -> Path:
    if (folder / "updates.jsonl").exists():
        raise ConfigError(
            f"{folder} already holds a run, whose rows would be mixed with those of this one; take another folder, or "
            "go on with that run: ppodoctor.training.resume.resume(folder)"
        )
    return folder


def name_of(environment: Any) -> str:
    """A word for the run folder's name."""
    word = environment if isinstance(environment, str) else getattr(environment, "__name__", "run")
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", word.rpartition(":")[2])[:60].strip("._-") or "run"


def new_folder(name: str, home: Path = Path("runs")) -> Path:
    """A folder for a new run, made here: runs/DATE-NAME-NUMBER."""
    home.mkdir(parents=True, exist_ok=True)
    return numbered_folder(home, f"{datetime.date.today().isoformat()}-{name_of(name)}")
