"""Writes a trainer's run folder by the one Recorder, so that it is diagnosed like any other run."""

from __future__ import annotations

import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.config import settings
from ppodoctor.recorder import Recorder
from ppodoctor.records import EpisodeRecord, OptimizerFacts, Setting, UpdateRecord, to_dict
from ppodoctor.specimens import save_calls, save_minibatch, save_rollout
from ppodoctor.training.checkpoint import TrainingWarning
from ppodoctor.training.learner import first_bad
from ppodoctor.training.loop import Trainer, Update
from ppodoctor.training.loss_tree import LossFacts, minibatch_specimen
from ppodoctor.training.policy import network_kind, save_policy
from ppodoctor.training.run_facts import Seen, env_facts, parameter_facts
from ppodoctor.training.specimen import layer_calls, rollout_specimen

DESCRIBE_SECONDS, LONGEST_SECONDS = 2.0, 32.0
"""run.json is written again after an update when this much time has passed; then after twice as much, up to the second.
"""


class RunWriter:
    """One run folder of one trainer."""

    def __init__(self, folder: Path, trainer: Trainer, actor_critic: Any = None) -> None:
        self.actor_critic = actor_critic
        self.recorder = Recorder(folder, producer="train")
        self.trainer = trainer
        self._seen = Seen(normalised=trainer.collector.eyes.scale is not None)
        self._first = trainer.learner.tensors()
        self._before = 0
        """Optimizer steps before the update that comes next."""
        self._due, self._pause = 0.0, DESCRIBE_SECONDS
        self._facts: dict[str, Any] = {
            "command": list(sys.argv),
            "argv": list(sys.argv),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S"),
            "python": platform.python_version(),
            "executable": sys.executable,
            "numpy": np.__version__,
            "learner": trainer.learner.name,
            "backend": trainer.backend,
            "config": trainer.config.to_dict(),
            **_versions(),
        }
        self.describe()

    def write(self, update: Update) -> None:
        """An update as it was shown: rows of updates and episodes, its specimens."""
        if update.lines is not None:
            self.recorder.lines(*update.lines)
        else:
            self._rows(update)
        if update.trajectory.raw is not None:
            self._seen.add(update.trajectory)
            self._specimens(update)
        self._before = self.trainer.learner.version
        if update.number <= 2 or update.wall > self._due:
            self._due = update.wall + self._pause
            self._pause = min(2 * self._pause, LONGEST_SECONDS)
            self.describe()

    def _rows(self, update: Update) -> None:
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

    def _specimens(self, update: Update) -> None:
        """The raw tensors of this update."""
        number, trajectory = update.number, update.trajectory
        rollout = rollout_specimen(number, trajectory)
        self.recorder.specimen(f"rollout-{number:06d}-0", lambda path: save_rollout(path, rollout))
        parameters = parameter_facts(self.trainer, self._first)
        dense = network_kind(self.trainer) == "dense"
        facts = LossFacts(self.trainer.config, self.trainer.collector.action, update.rates, parameters, dense)
        calls = layer_calls(number, self._before, trajectory, facts)
        self.recorder.specimen(f"calls-{number:06d}", lambda path: save_calls(path, calls))
        step = number * self.trainer.config.rollout_steps
        numbers = rollout.obs.reshape(-1, rollout.obs.shape[-1])
        minibatches = update.learned.minibatches
        # Raw tensors are most of what a run folder costs: later on an update's two ends tell how far it went.
        for one in minibatches if number <= 3 else minibatches[:: max(1, len(minibatches) - 1)]:
            one.arrays["observation"] = numbers[one.arrays["rows"]]
            made = minibatch_specimen(number, step, one, facts)
            name = f"minibatch-{number:06d}-{one.index:04d}"
            self.recorder.specimen(name, lambda path, made=made: save_minibatch(path, made))  # type: ignore[misc]

    def go_on(self, header: dict[str, Any]) -> None:
        """The trainer was put back to where it was earlier in this folder; `header` is run.json as it was then."""
        self._before = self.trainer.learner.version
        self._seen.earlier = dict((header.get("envs") or [{}])[0].get("facts", {}))
        self._facts.update({name: header[name] for name in ("started", "command", "argv") if name in header})
        self._facts["resumed_at"] = [*header.get("resumed_at", []), self.trainer.number]
        self.describe()

    def describe(self, **facts: Any) -> None:
        """Write run.json as things stand, with more facts from now on."""
        self._facts.update(facts)
        self.recorder.describe(**self._header())

    def close(self, status: str, reason: str = "") -> None:
        """The run is over: "finished", "stopped" or "crashed". The policy is written, unless it is spoiled."""
        if not first_bad(self.trainer.learner.tensors()):
            try:
                save_policy(self.recorder.folder, self.trainer, self.actor_critic)
            except OSError as error:
                self.recorder.note("policy", f"policy.safetensors could not be written: {error.strerror or error}")
                warnings.warn(self.recorder.notes[-1].text, TrainingWarning, stacklevel=2)
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
            "parameters": [to_dict(one) for one in parameter_facts(self.trainer, self._first)],
        }


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
        space: Any = trainer.collector.envs.action_space
        low, high = space.low.reshape(-1), space.high.reshape(-1)
        found["action_bound_share"] = float(((action <= low) | (action >= high)).mean())
    return found


def _versions() -> dict[str, str]:
    """Of what was loaded."""
    return {name: str(sys.modules[name].__version__) for name in ("gymnasium", "torch") if name in sys.modules}
