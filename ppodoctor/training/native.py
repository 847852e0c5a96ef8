"""Training on the tasks that the compiled core steps itself: rollout, advantages and update without Python between."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.core import TASKS, NotFinite, cancel, cancellations
from ppodoctor.core import Learner as Core
from ppodoctor.specimens import next_specimen
from ppodoctor.training.core_learner import CoreLearner
from ppodoctor.training.envs.api import Finished, Step
from ppodoctor.training.learner import TrainingError
from ppodoctor.training.loop import Trainer, Update
from ppodoctor.training.losses import normalised
from ppodoctor.training.normalize import ObservationScale, RewardScale
from ppodoctor.training.rollout import Collector, Ended, Eyes
from ppodoctor.training.schedule import Schedule
from ppodoctor.training.spaces import action_facts, layout_of
from ppodoctor.training.trajectory import Flags, Raw, Trajectory, flatten

CALL_SECONDS = 0.2
"""Updates that take this long together are made in one call, where nobody wants to see each."""


class NativeEnvs:
    """Spaces and names of environments that stand inside of the core; they are never stepped from here."""

    how = "core"
    autoreset = "same_step"

    def __init__(self, task: str, num_envs: int) -> None:
        self.num_envs, self.limit = num_envs, TASKS[task].limit
        self.spec_id: str | None = task
        self.why = f"the compiled core steps {task} itself"
        self.observation_space, self.action_space = TASKS[task].observation_space, TASKS[task].action_space
        self.notes: list[str] = []

    def reset(self, seed: int | None = None) -> tuple[Any, Flags | None]:
        """Not from here. Raises ConfigError."""
        raise ConfigError(f"{self.spec_id} stands inside of the compiled core; use make_envs for one to step")

    def step(self, actions: NDArray[Any]) -> Step:
        """Not from here. Raises ConfigError."""
        raise ConfigError(f"{self.spec_id} stands inside of the compiled core; use make_envs for one to step")

    def close(self) -> None:
        """There is nothing to close."""

    def state(self) -> dict[str, Any]:
        """The learner's state holds theirs."""
        return {"inside": "the learner"}

    def restore(self, state: Any) -> None:
        """The learner restores them."""


class NativeCollector(Collector):
    """What is known of rollouts that happen inside of the core."""

    def refresh(self, core: Core) -> None:
        """Bring the normalisers here up to those of the core."""
        if self.eyes.scale is None and self.rewards is None:
            return
        state = core.core.state()
        names = ("mean", "var", "count")
        if self.eyes.scale is not None:
            self.eyes.scale.restore(dict(zip(names, state["observation"], strict=True)))
        if self.rewards is not None:
            self.rewards.restore({**dict(zip(names, state["reward"], strict=True)), "total": state["discounted"]})

    def state(self) -> dict[str, Any]:
        """The learner's state holds everything."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """The learner restores everything."""


class Episodes(Sequence[Ended]):
    """Episodes from the core's rows, made when they are looked at: most never are."""

    def __init__(self, rows: NDArray[np.float64], begin: int, num_envs: int) -> None:
        self.rows, self.begin, self.num_envs = rows, begin, num_envs

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Ended: ...
    @overload
    def __getitem__(self, index: slice) -> list[Ended]: ...
    def __getitem__(self, index: int | slice) -> Ended | list[Ended]:
        if isinstance(index, slice):
            return [self._made(row) for row in self.rows[index].tolist()]
        return self._made(self.rows[index].tolist())

    def _made(self, row: list[float]) -> Ended:
        step, env, _, ret, length, terminated, truncated = row
        at = (int(step) - self.begin) // self.num_envs - 1
        return Ended(at, Finished(int(env), ret, int(length), bool(terminated), bool(truncated)))


@dataclass
class NativeTrainer(Trainer):
    """A `Trainer` whose rollouts and updates happen in the core, several in one call where nobody looks at each."""

    collector: NativeCollector
    learner: CoreLearner
    pace: float = CALL_SECONDS
    """Seconds that an update took lately."""

    def run(self) -> Iterator[Update]:
        """Train, and show every update, or only some (see `every`): an update that is shown tells of those before."""
        began = time.perf_counter() - self.wall
        while self.number < self.config.updates:
            since = cancellations()
            if self.stopping:
                break
            keep = self.specimens and next_specimen(self.number) == self.number + 1
            begins = self.learner.core.views()["length"] == 0
            failure = self._advance(1 if keep or self.every else self._room(), since, keep=keep)
            if self.learner.core.updates_done > self.number:
                yield self._made(began, begins, keep=keep)
            if failure is not None:
                self.collector.kept = self._trajectory(begins, keep=False)
                raise failure

    def _room(self) -> int:
        """How many updates the next call makes: up to the next one whose raw tensors are kept."""
        kept = next_specimen(self.number) if self.specimens else self.config.updates + 1
        return max(1, min(int(CALL_SECONDS / self.pace), kept - 1 - self.number, self.config.updates - self.number))

    def _advance(self, count: int, since: int, *, keep: bool) -> BaseException | None:
        """So many updates; what ended them early. A signal ends them as after the last whole one."""
        core, began, before = self.learner.core, time.perf_counter(), self.learner.core.updates_done
        core.keep = keep
        failure: BaseException | None = None
        try:
            self.learner.whole.train(count, since=since)
        except NotFinite as error:
            failure = TrainingError(str(error))
            failure.__cause__ = error
        except KeyboardInterrupt as error:
            failure = error
        finally:
            core.keep = False
        if core.updates_done > before:
            self.pace = (time.perf_counter() - began) / (core.updates_done - before)
        return failure

    def _made(self, began: float, begins: Flags, *, keep: bool) -> Update:
        """The last one of the updates that were just made; rows and episodes are those of all of them."""
        config, whole, core = self.config, self.learner.whole, self.learner.core
        several, last = core.updates_done > self.number + 1, self.wall
        self.number, self.steps, self.wall = core.updates_done, core.steps_taken, time.perf_counter() - began
        lines, rows, begin = whole.lines(last, self.wall), core.episodes(), self.steps - config.batch_size
        if several:  # the last rollout began where the one before it ended
            begins = np.zeros(config.num_envs, np.bool_)
            begins[rows[rows[:, 0] == begin, 1].astype(np.int64)] = True
        trajectory = self.collector.kept = self._trajectory(begins, keep=keep)
        views, rates = core.views(), self.schedule.rates(self.number)
        batch = flatten(trajectory, views["advantage"], views["target"])
        trained = batch
        if keep and config.normalise_advantages == "batch":
            trained = replace(batch, advantage=normalised(batch.advantage))
        known = {} if config.learning_rate_schedule == "kl_adaptive" else {"learning_rate": rates.learning_rate}
        learned = self.learner.learned(trained, keep=keep, without=("step",), **known)
        rates = replace(rates, learning_rate=learned.columns["learning_rate"])
        self.collector.refresh(whole)
        episodes = Episodes(rows, begin, config.num_envs)
        return Update(self.number, self.steps, trajectory, batch, learned, rates, episodes, self.wall, lines)

    def _trajectory(self, begins: Flags, *, keep: bool) -> Trajectory:
        """The last rollout, where it lies; `begins` [N]: its first row is the first one of an episode."""
        views, action = self.learner.core.views(), self.collector.action
        terminated, truncated = views["terminated"], views["truncated"] & ~views["terminated"]
        ended = terminated | truncated
        taken = views["action"] if action.continuous else views["action"][..., 0].astype(np.int64)
        found = Trajectory(
            observation=views["observation"],
            action=taken,
            log_prob=views["log_prob"],
            value=views["value"],
            next_value=views["next_value"],
            reward=views["reward"],
            terminated=terminated,
            truncated=truncated,
            valid=views["valid"],
            starts=np.concatenate([begins[None], ended[:-1]]),
            last_observation=views["current"],
            last_starts=ended[-1],
        )
        if keep:
            space: Any = self.collector.envs.action_space
            sent = np.clip(taken, space.low, space.high) if action.continuous else taken
            found.raw = Raw(views["raw_observation"], views["raw_reward"], sent, views["final_observation"])
            found.outputs = views["outputs"]
        return found

    def stop(self, reason: str) -> None:
        """End the run as after its last whole update, also where a signal handler asks for it during a call."""
        super().stop(reason)
        cancel()


def native_trainer(config: PPOConfig, envs: NativeEnvs, backend: str) -> NativeTrainer:
    """Everything for a run on a native task, seeded."""
    task, action = str(envs.spec_id), action_facts(envs.action_space)
    whole = Core(config, TASKS[task].spec)
    whole.attach(task)
    learner, layout = CoreLearner(config, whole, action), layout_of(envs.observation_space)
    scale = ObservationScale(layout.vector) if config.normalise_observations else None
    rewards = RewardScale(config.num_envs, config.gamma) if config.normalise_rewards else None
    collector = NativeCollector(envs, learner, config, action, Eyes(layout, scale), rewards)
    collector.refresh(whole)
    return NativeTrainer(config, collector, learner, Schedule(config), backend=f"{backend}; {envs.why}")
