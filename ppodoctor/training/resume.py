"""`resume`: go on with a run from its last checkpoint, to the bit where the environments allow it."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training import checkpoint
from ppodoctor.training.checkpoint import CheckpointError, TrainingWarning
from ppodoctor.training.envs import EnvOptions
from ppodoctor.training.loop import Trainer
from ppodoctor.training.observe import Observer
from ppodoctor.training.origin import differences, find_named, origin_of, versions
from ppodoctor.training.policy import policy_of
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.session import run_to_end, with_checkpoints
from ppodoctor.training.setup import ActorCritic, make_trainer
from ppodoctor.training.train import Result, envs_for


@dataclass
class Saved:
    """A run's last checkpoint, and what is to be done with it."""

    folder: Path
    path: Path
    tree: dict[str, Any]
    config: PPOConfig

    @property
    def origin(self) -> dict[str, Any]:
        """What the run was started with."""
        found: dict[str, Any] = self.tree["origin"]
        return found

    @property
    def number(self) -> int:
        """Updates done."""
        return int(self.tree["trainer"]["number"])

    @property
    def steps(self) -> int:
        """Environment steps taken."""
        return int(self.tree["trainer"]["steps"])


def saved_in(folder: str | Path, *, total_steps: int | None = None) -> Saved:
    """The last checkpoint of a run.

    Args:
        folder: The run folder.
        total_steps: Train up to so many steps in place of what was asked for then.

    Raises:
        CheckpointError: there is none, or the run is finished.
        ConfigError: its settings are none of this version's.
    """
    folder = Path(folder)
    path, tree = checkpoint.latest(folder)
    config = PPOConfig.from_dict(tree["origin"]["config"])
    if total_steps is not None:
        config = replace(config, total_steps=total_steps)
    found = Saved(folder, path, tree, config)
    if found.number >= config.updates:
        raise CheckpointError(
            f"{folder} is finished: it has taken {found.steps:,} of {config.total_steps:,} steps. To train on, give "
            f"more: --total-steps {2 * found.steps}"
        )
    return found


def resume(
    run: str | Path | Saved,
    *,
    environment: Any = None,
    options: EnvOptions | None = None,
    actor_critic: ActorCritic | None = None,
    observers: Sequence[Observer] = (),
) -> Result:
    """Go on with a run, in its own folder.

    What cannot be as it was is warned of (`TrainingWarning`); without such a warning the rest of the run is what it
    would have been, to the bit.

    Args:
        run: The run folder, or what `saved_in` found there.
        environment: As for `train`; needed where it was not given by name.
        options: How environments are made; needed where they were not plain data.
        actor_critic: Makes the network, where it is one's own and has no name to find it by.
        observers: Called after every update.

    Raises:
        CheckpointError: the run has no checkpoint, or is finished.
        ConfigError: something has to be given again.
    """
    saved = run if isinstance(run, Saved) else saved_in(run)
    environment, options, actor_critic = _again(saved.origin, environment, options, actor_critic)
    stepped, own = saved.origin.get("stepped", "python"), actor_critic is not None
    envs = envs_for(environment, saved.config, options, own=own, stepped=stepped)
    try:
        header = _header(saved.folder)
        trainer = make_trainer(saved.config, envs, actor_critic=actor_critic, by=header.get("learner", ""))
        _cut(saved.folder, saved.number)
        writer = RunWriter(saved.folder, trainer, actor_critic)
        differs = [*_changed(saved), *_restore(trainer, saved.tree)]
        writer.go_on(header)
        if differs:
            text = "the run goes on, but not to the bit as it would have: " + "; ".join(differs)
            warnings.warn(text, TrainingWarning, stacklevel=2)
        origin = origin_of(environment, saved.config, options, actor_critic, how=envs.how)
        writer.describe(origin=origin)
        signal = run_to_end(trainer, writer, with_checkpoints(observers, origin))
    finally:
        envs.close()
    return Result(policy_of(trainer, actor_critic), saved.folder, trainer.stopping, signal)


def _again(
    origin: dict[str, Any], environment: Any, options: EnvOptions | None, actor_critic: ActorCritic | None
) -> tuple[Any, EnvOptions, ActorCritic | None]:
    """Environment, options and network as they were, unless they are given again."""
    if environment is None and not origin["environment"]:
        raise ConfigError("the environment of this run has no name to find it by; give it again as environment=")
    if options is None:
        if origin["options"] is None:
            raise ConfigError("the options of this run's environments were no plain data; give them again as options=")
        options = EnvOptions(**origin["options"])
    if actor_critic is None and origin["network"] is not None:
        if not origin["network"]:
            raise ConfigError("the network of this run has no name to find it by; give it again as actor_critic=")
        actor_critic = find_named(origin["network"])
    return environment if environment is not None else origin["environment"], options, actor_critic


def _changed(saved: Saved) -> list[str]:
    """What is not as it was: versions and length."""
    found = differences(saved.origin["versions"], versions())
    before = saved.origin["config"]["total_steps"]
    scheduled = "linear" in (
        saved.config.learning_rate_schedule,
        saved.config.clip_range_schedule,
        saved.config.entropy_schedule,
    )
    if before != saved.config.total_steps and scheduled:
        found.append(f"linear schedules now end at {saved.config.total_steps:,} steps in place of {before:,}")
    return found


def _restore(trainer: Trainer, tree: dict[str, Any]) -> list[str]:
    """Put everything back; what could not be, in words."""
    envs, saved = trainer.collector.envs, tree["environments"]
    problem = ""
    if saved is not None:
        try:
            envs.restore(saved)
        except Exception as error:  # the environments' own code, perhaps another version of it
            problem = f"the environments do not take back what they gave ({type(error).__name__}: {error})"
    else:
        problem = tree["why_not"].rstrip(".") or "the environments could not be saved"
    trainer.restore(tree["trainer"])
    if problem:
        # other episodes than those that were cut off: a seed that no reset of this run has had
        seed = np.random.SeedSequence([trainer.config.seed, trainer.number]).generate_state(1)[0]
        trainer.collector.reset(int(seed >> 1))
        problem += "; every environment begins a new episode"
    checkpoint.set_generators(tree["generators"])
    return [problem] if problem else []


def _header(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _cut(folder: Path, number: int) -> None:
    """Take away the rows of updates that come after the checkpoint: they are about to be made again."""
    _keep(folder / "updates.jsonl", lambda row: row["update"] <= number)
    _keep(folder / "episodes.jsonl", lambda row: row["update"] < number)


def _keep(path: Path, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Keep the rows that are wanted, and whole: a kill may have cut the last one."""
    if not path.exists():
        return
    partial = path.with_name(f".{path.name}")
    with open(path, encoding="utf-8") as old, open(partial, "w", encoding="utf-8") as new:
        for line in old:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if wanted(row):
                new.write(line)
    os.replace(partial, path)
