"""Several seeds of one training: what their returns say together, and how sure that is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.run import Run
from ppodoctor.training.checkpoint import checkpoints_in
from ppodoctor.training.envs import EnvOptions
from ppodoctor.training.observe import Observer
from ppodoctor.training.resume import resume
from ppodoctor.training.scores import Estimate, interval, iqm, mean
from ppodoctor.training.setup import ActorCritic
from ppodoctor.training.train import Result, train

APART = 1000
"""Between two seeds. Environment i of a run is seeded with seed + i, so that neighbours would share environments."""
LAST = 100
"""Episodes at the end of a training whose mean return is its score."""
SUMMARY = "seeds.json"


@dataclass(frozen=True)
class SeedScore:
    """What one seed came to."""

    seed: int
    folder: Path
    score: float
    """Mean return of its last 100 episodes, as trained: actions drawn, rewards as the environment gave them."""
    episodes: int
    """Over how many episodes; fewer than 100 where training was short."""


@dataclass(frozen=True)
class Seeds:
    """What several seeds came to together."""

    folder: Path
    scores: tuple[SeedScore, ...]
    signal: int = 0
    """The signal that ended it before all were trained, or 0."""

    @property
    def values(self) -> list[float]:
        """The scores of the seeds in which an episode ended."""
        return [one.score for one in self.scores if one.episodes]

    @property
    def iqm(self) -> Estimate:
        """Interquartile mean over seeds, with a bootstrap interval (Agarwal et al. 2021)."""
        return interval(self.values, iqm)

    @property
    def mean(self) -> Estimate:
        """Mean over seeds, with a bootstrap interval."""
        return interval(self.values, mean)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        known = {"iqm": self.iqm.to_dict(), "mean": self.mean.to_dict()} if self.values else {}
        rows = [
            {"seed": one.seed, "folder": str(one.folder), "score": one.score, "episodes": one.episodes}
            for one in self.scores
        ]
        return {"schema": 1, "score": f"mean return of the last {LAST} episodes", "seeds": rows, **known}


Watch = Callable[[int, Path, PPOConfig], Sequence[Observer]]
"""Observers for one seed: called with its number from 1, its folder and its settings."""


def seeds_of(config: PPOConfig, count: int) -> list[int]:
    """So many seeds, from the settings' own one on, far enough apart that no two runs share an environment's seed."""
    apart = max(APART, config.num_envs)
    return [config.seed + number * apart for number in range(count)]


def train_seeds(
    environment: Any,
    config: PPOConfig,
    count: int,
    out: str | Path,
    *,
    make: tuple[EnvOptions | None, ActorCritic | None] = (None, None),
    watch: Watch | None = None,
) -> Seeds:
    """Train one configuration with several seeds, each in its own folder below `out`.

    What is there already is taken over: a finished seed as it is, an unfinished one from its last checkpoint. So the
    same call goes on where Ctrl-C ended it.

    Args:
        environment: As for `train`.
        config: Its seed is the first.
        count: How many seeds.
        out: Folder for all of them; `seeds.json` in it says what they came to.
        make: Options of the environments, and the network in place of the built-in ones.
        watch: Gives the observers of each seed.

    Raises:
        ConfigError: the folder holds seeds of other settings.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    found: list[SeedScore] = []
    signal = 0
    for number, seed in enumerate(seeds_of(config, count), 1):
        folder, wanted = out / f"seed-{seed}", replace(config, seed=seed)
        if not _finished(folder, wanted):
            observers = watch(number, folder, wanted) if watch is not None else ()
            signal = _one(environment, wanted, folder, make, observers).signal
            if signal:
                break
        found.append(score_of(folder, seed))
        write_summary(Seeds(out, tuple(found)))
    return Seeds(out, tuple(found), signal)


def _one(
    environment: Any,
    config: PPOConfig,
    folder: Path,
    make: tuple[EnvOptions | None, ActorCritic | None],
    observers: Sequence[Observer],
) -> Result:
    options, actor_critic = make
    if checkpoints_in(folder):
        return resume(folder, environment=environment, options=options, actor_critic=actor_critic, observers=observers)
    return train(environment, config, out=folder, options=options, actor_critic=actor_critic, observers=observers)


def _finished(folder: Path, config: PPOConfig) -> bool:
    """Is this seed trained? Raises ConfigError where it was trained with other settings."""
    try:
        header = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        then, status = header["config"], header["status"]
    except (OSError, ValueError, KeyError):
        return False
    other = [name for name, value in config.to_dict().items() if then.get(name) != value]
    if other:
        raise ConfigError(
            f"{folder} was trained with another {' and another '.join(other[:3])}, and seeds are only comparable with "
            "the same settings; take another folder"
        )
    return bool(status == "finished")


def score_of(folder: Path, seed: int) -> SeedScore:
    """What one finished run came to."""
    returns = [one.ret for one in Run.load(folder).episodes[-LAST:]]
    return SeedScore(seed, folder, float(np.mean(returns)) if returns else float("nan"), len(returns))


def write_summary(seeds: Seeds) -> None:
    """seeds.json, atomically."""
    partial = seeds.folder / f".{SUMMARY}"
    partial.write_text(json.dumps(seeds.to_dict(), indent=1) + "\n", encoding="utf-8")
    os.replace(partial, seeds.folder / SUMMARY)
