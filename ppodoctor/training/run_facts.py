"""What run.json says of the environments and the parameters of a training run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.core import is_kind
from ppodoctor.records import EnvFacts, ParameterFacts, SpaceFacts
from ppodoctor.training.loop import Trainer
from ppodoctor.training.normalize import LIMIT
from ppodoctor.training.trajectory import Trajectory

BOUND = 1e308
WIDEST = 64
"""Bounds of a space that are told."""


class Seen:
    """Facts about observations and rewards, from the rollouts whose raw steps were kept."""

    def __init__(self, *, normalised: bool = False) -> None:
        self.rows = 0
        self.sum: Any = 0.0
        self.squares: Any = 0.0
        self.low: Any = np.inf
        self.high: Any = -np.inf
        self.bad = [0, 0]
        self.rewards: Counter[float] = Counter()
        self.normalised = normalised
        self.earlier: dict[str, Any] = {}
        """What was known before the run was gone on with, until there is news."""

    def add(self, trajectory: Trajectory) -> None:
        """Take in one rollout."""
        raw = trajectory.raw
        if raw is None:
            return
        self.rewards.update(raw.reward[trajectory.valid].tolist())
        if not isinstance(raw.observation, np.ndarray):
            return
        # where a normaliser stands between, what it gave: the specimens hold the same
        seen = trajectory.observation if self.normalised else raw.observation
        rows = seen[trajectory.valid].reshape(int(trajectory.valid.sum()), -1)
        if rows.shape[1] > 512:
            return
        self.bad[0] += int(np.isnan(rows).sum())
        self.bad[1] += int(np.isinf(rows).sum())
        rows = rows[np.isfinite(rows).all(axis=1)].astype(np.float64)
        if len(rows):
            self.rows += len(rows)
            self.sum, self.squares = self.sum + rows.sum(axis=0), self.squares + (rows * rows).sum(axis=0)
            self.low, self.high = np.minimum(self.low, rows.min(axis=0)), np.maximum(self.high, rows.max(axis=0))

    def facts(self) -> dict[str, Any]:
        """Under the names of `EnvFacts.facts`."""
        found = dict(self.earlier)
        if self.rows:
            mean = self.sum / self.rows
            found["obs_mean"] = mean.tolist()
            found["obs_std"] = np.sqrt(np.maximum(self.squares / self.rows - mean * mean, 0.0)).tolist()
            found["obs_min"], found["obs_max"] = self.low.tolist(), self.high.tolist()
            found["obs_constant"] = np.flatnonzero(self.low == self.high).tolist()
            found["obs_rows"] = self.rows
            found["obs_nan"], found["obs_infinite"] = self.bad
        if self.rewards:
            found["reward_min"], found["reward_max"] = min(self.rewards), max(self.rewards)
            found["reward_zero_share"] = self.rewards[0.0] / self.rewards.total()
            found["reward_nan"] = 0
            if len(self.rewards) <= 32:
                found["reward_values"] = sorted(self.rewards)
        return found


def env_facts(trainer: Trainer, seen: Seen) -> EnvFacts:
    """The environments as run.json describes them."""
    envs, config = trainer.collector.envs, trainer.config
    kwargs, limit = _registered(envs)
    return EnvFacts(
        stream=0,
        cls=envs.spec_id or type(envs).__name__,
        layers=("gymnasium",),
        api="gymnasium",
        num_envs=envs.num_envs,
        spec_id=envs.spec_id,
        spec_kwargs=kwargs,
        max_episode_steps=limit,
        autoreset=envs.autoreset,
        observation=_observation_facts(trainer),
        action=space_facts(envs.action_space),
        steps=trainer.steps,
        seeds=tuple(config.seed + i for i in range(min(config.num_envs, 64))),
        facts=seen.facts(),
    )


def _observation_facts(trainer: Trainer) -> SpaceFacts:
    """The observation space, or what a normaliser makes of it."""
    collector = trainer.collector
    space: Any = collector.envs.observation_space
    facts = space_facts(space)
    if collector.eyes.scale is not None and is_kind(space, "Box") and len(space.shape) == 1:
        size = min(space.shape[0], WIDEST)
        facts.low, facts.high, facts.dtype = (-LIMIT,) * size, (LIMIT,) * size, "float32"
    return facts


def space_facts(space: Any) -> SpaceFacts:
    """A space as the records describe it."""
    facts = SpaceFacts(type(space).__name__, tuple(space.shape or ()), dtype=str(space.dtype or ""))
    if is_kind(space, "Discrete"):
        facts.n = int(space.n)
    elif is_kind(space, "MultiDiscrete"):
        facts.nvec = tuple(int(n) for n in np.ravel(space.nvec))
    elif is_kind(space, "Box"):
        facts.low, facts.high = (
            tuple(np.clip(np.ravel(bound)[:WIDEST].astype(np.float64), -BOUND, BOUND).tolist())
            for bound in (space.low, space.high)
        )
    return facts


def parameter_facts(trainer: Trainer, first: dict[str, NDArray[Any]]) -> tuple[ParameterFacts, ...]:
    """Every tensor of the learner; `first` are the values they began with."""
    found = []
    for index, (name, value) in enumerate(trainer.learner.tensors().items()):
        role = {"actor": "policy", "log_std": "policy", "critic": "value"}.get(name.partition(".")[0], "shared")
        facts = ParameterFacts(index, name, "Linear", tuple(value.shape), True, (0,), role)
        if trainer.learner.version:
            facts.grad_seen = True
            facts.moved = not np.array_equal(value, first[name])
        found.append(facts)
    return tuple(found)


def _registered(envs: Any) -> tuple[dict[str, Any], int | None]:
    """(arguments, time limit) under which the environment is registered."""
    if envs.how == "core":
        return {}, envs.limit
    import gymnasium

    try:
        spec = gymnasium.spec(envs.spec_id) if envs.spec_id else None
    except gymnasium.error.Error:
        spec = None
    return dict(getattr(spec, "kwargs", None) or {}), getattr(spec, "max_episode_steps", None)
