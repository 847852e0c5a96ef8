"""Writes a trainer's run folder by the one Recorder, so that it is diagnosed like any other run."""

from __future__ import annotations

import platform
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from ppodoctor.config import settings
from ppodoctor.recorder import Recorder
from ppodoctor.records import EnvFacts, EpisodeRecord, OptimizerFacts, Setting, SpaceFacts, UpdateRecord, to_dict
from ppodoctor.training.loop import Trainer, Update
from ppodoctor.training.policy import save_policy
from ppodoctor.training.trajectory import Trajectory

DESCRIBE_SECONDS = 2.0
"""run.json is written again after an update when this much time has passed."""
BOUND = 1e308


class RunWriter:
    """One run folder of one trainer."""

    def __init__(self, folder: Path, trainer: Trainer, actor_critic: Any = None) -> None:
        self.actor_critic = actor_critic
        self.recorder = Recorder(folder, producer="train")
        self.trainer = trainer
        self._seen = Seen()
        self._described = 0.0
        self._facts: dict[str, Any] = {
            "command": list(sys.argv),
            "argv": list(sys.argv),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S"),
            "python": platform.python_version(),
            "executable": sys.executable,
            "numpy": np.__version__,
            "learner": trainer.learner.name,
            "config": trainer.config.to_dict(),
            **_versions(),
        }
        self.describe()

    def write(self, update: Update) -> None:
        """One update: its row, its episodes, its specimens."""
        config, recorder = self.trainer.config, self.recorder
        begin = update.step - config.batch_size
        for ended in update.episodes:
            one = ended.episode
            step = begin + (ended.row + 1) * config.num_envs
            recorder.episode(
                EpisodeRecord(
                    step, 0, one.env, one.ret, one.ret, one.length, one.terminated, one.truncated, update.number - 1
                )
            )
        columns = {**rollout_columns(update, self.trainer), **update.learned.columns}
        recorder.update(UpdateRecord(update=update.number, step=update.step, wall=update.wall, **columns))
        if update.trajectory.raw is not None:
            self._seen.add(update.trajectory)
        if update.number <= 2 or update.wall - self._described > DESCRIBE_SECONDS:
            self._described = update.wall
            self.describe()

    def describe(self) -> None:
        """Write run.json as things stand."""
        self.recorder.describe(**self._header())

    def close(self, status: str, reason: str = "") -> None:
        """The run is over: "finished", "stopped" or "crashed"; the policy is written."""
        save_policy(self.recorder.folder, self.trainer, self.actor_critic)
        self.recorder.close(status, **self._header(), reason=reason)

    def _header(self) -> dict[str, Any]:
        config, envs = self.trainer.config, self.trainer.collector.envs
        for note in envs.notes:
            self.recorder.note("environment", note)
        declared = {name: Setting(getattr(config, name), how="declared") for name, _ in settings()}
        optimizer = OptimizerFacts(
            0, "torch.optim.Adam", groups=[{"lr": config.learning_rate, "eps": config.adam_epsilon}]
        )
        optimizer.steps = self.trainer.learner.version
        return {
            **self._facts,
            "settings": {name: to_dict(setting) for name, setting in declared.items()},
            "envs": [to_dict(env_facts(self.trainer, self._seen))],
            "optimizers": [to_dict(optimizer)],
        }


class Seen:
    """Facts about observations and rewards, from the rollouts whose raw steps were kept."""

    def __init__(self) -> None:
        self.rows = 0
        self.sum: Any = 0.0
        self.squares: Any = 0.0
        self.low: Any = np.inf
        self.high: Any = -np.inf
        self.bad = [0, 0]
        self.rewards: Counter[float] = Counter()

    def add(self, trajectory: Trajectory) -> None:
        """Take in one rollout."""
        raw = trajectory.raw
        if raw is None:
            return
        self.rewards.update(raw.reward[trajectory.valid].tolist())
        if not isinstance(raw.observation, np.ndarray):
            return
        rows = raw.observation[trajectory.valid].reshape(int(trajectory.valid.sum()), -1)
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
        found: dict[str, Any] = {}
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
    spec = _spec(envs.spec_id)
    return EnvFacts(
        stream=0,
        cls=envs.spec_id or type(envs).__name__,
        layers=("gymnasium",),
        api="gymnasium",
        num_envs=envs.num_envs,
        spec_id=envs.spec_id,
        spec_kwargs=dict(getattr(spec, "kwargs", {}) or {}),
        max_episode_steps=getattr(spec, "max_episode_steps", None),
        autoreset=envs.autoreset,
        observation=space_facts(envs.observation_space),
        action=space_facts(envs.action_space),
        steps=trainer.steps,
        seeds=tuple(config.seed + i for i in range(min(config.num_envs, 64))),
        facts=seen.facts(),
    )


def space_facts(space: spaces.Space[Any]) -> SpaceFacts:
    """A space as the records describe it."""
    facts = SpaceFacts(type(space).__name__, tuple(space.shape or ()), dtype=str(space.dtype or ""))
    if isinstance(space, spaces.Discrete):
        facts.n = int(space.n)
    elif isinstance(space, spaces.MultiDiscrete):
        facts.nvec = tuple(int(n) for n in np.ravel(space.nvec))
    elif isinstance(space, spaces.Box):
        facts.low, facts.high = (
            tuple(np.clip(np.ravel(bound)[:64].astype(np.float64), -BOUND, BOUND).tolist())
            for bound in (space.low, space.high)
        )
    return facts


def rollout_columns(update: Update, trainer: Trainer) -> dict[str, Any]:
    """The columns of UpdateRecord that come from the rollout."""
    trajectory, config = update.trajectory, trainer.config
    reward = trajectory.reward[trajectory.valid] if not trajectory.valid.all() else trajectory.reward
    found: dict[str, Any] = {"rollout_steps": config.batch_size, "episodes": len(update.episodes)}
    if update.episodes:
        found["episode_return"] = float(np.mean([one.episode.ret for one in update.episodes]))
        found["episode_length"] = float(np.mean([one.episode.length for one in update.episodes]))
    if reward.size:
        found["reward_mean"], found["reward_std"] = float(reward.mean()), float(reward.std())
        found["reward_abs_max"] = float(np.abs(reward).max())
        found["reward_zero_share"] = float((reward == 0).mean())
    action = trajectory.action
    kind = trainer.collector.action.kind
    if kind == "categorical":
        found["action_mode_share"] = float(np.bincount(action.reshape(-1)).max()) / action.size
    elif kind == "gaussian":
        space = trainer.collector.envs.action_space
        assert isinstance(space, spaces.Box)
        low, high = space.low.reshape(-1), space.high.reshape(-1)
        found["action_bound_share"] = float(((action <= low) | (action >= high)).mean())
    return found


def _spec(spec_id: str | None) -> Any:
    import gymnasium

    try:
        return gymnasium.spec(spec_id) if spec_id else None
    except gymnasium.error.Error:
        return None


def _versions() -> dict[str, str]:
    import gymnasium

    torch = sys.modules.get("torch")
    return {"gymnasium": gymnasium.__version__, **({"torch": str(torch.__version__)} if torch is not None else {})}
