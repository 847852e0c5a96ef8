"""PPO, one update after the other (Schulman et al. 2017, algorithm 1)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ppodoctor.config import PPOConfig
from ppodoctor.specimens import next_specimen
from ppodoctor.training.learner import Learned, Learner
from ppodoctor.training.rollout import Collector, Ended
from ppodoctor.training.schedule import Rates, Schedule
from ppodoctor.training.threads import bounded_threads
from ppodoctor.training.trajectory import Batch, Trajectory, advantages, flatten


@dataclass
class Update:
    """One update as it just happened; its arrays are overwritten by the next one."""

    number: int
    """From 1."""
    step: int
    """Environment steps taken when it began, over all environments."""
    trajectory: Trajectory
    batch: Batch
    learned: Learned
    rates: Rates
    episodes: Sequence[Ended]
    """Finished since the update that was shown last."""
    wall: float
    """Seconds since training began."""
    lines: tuple[str, str] | None = None
    """The rows of updates and of episodes since the update that was shown last, as the run folder's JSON lines, where
    the learner writes them itself."""


class Extra(Protocol):
    """A variation that changes what is learned from. It owns its optimizer, its generator and its saving."""

    def reshape(self, trajectory: Trajectory) -> Trajectory:
        """The rollout as it is learned from."""
        ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


@dataclass
class Trainer:
    """What one run is made of, and how far it is."""

    config: PPOConfig
    collector: Collector
    learner: Learner
    schedule: Schedule
    number: int = 0
    """Updates done."""
    steps: int = 0
    """Environment steps taken."""
    wall: float = 0.0
    """Seconds trained, over all times that the run was gone on with."""
    extras: tuple[Extra, ...] = ()
    specimens: bool = True
    """Keep raw tensors of some updates?"""
    every: bool = True
    """Show every update? Otherwise a learner that is faster so may show only some."""
    backend: str = ""
    """Who learns and why, one sentence."""
    stopping: str = ""
    """Why the run ends before its last update."""

    def run(self) -> Iterator[Update]:
        """Train, and show every update. Whoever iterates may save, look, or `stop` in between."""
        with bounded_threads(self.config.threads):
            yield from self._updates()

    def _updates(self) -> Iterator[Update]:
        config, began = self.config, time.perf_counter() - self.wall
        while self.number < config.updates and not self.stopping:
            keep = self.specimens and next_specimen(self.number) == self.number + 1
            trajectory = self.collector.collect(raw=keep)
            for extra in self.extras:
                trajectory = extra.reshape(trajectory)
            batch = flatten(trajectory, *advantages(trajectory, config))
            rates = self.schedule.rates(self.number + 1)
            learned = self.learner.update(batch, rates, keep=keep)
            self.schedule.saw(learned.kl)
            self.number += 1
            self.steps += config.batch_size
            episodes, self.wall = self.collector.episodes, time.perf_counter() - began
            yield Update(self.number, self.steps, trajectory, batch, learned, rates, episodes, self.wall)

    def stop(self, reason: str) -> None:
        """End the run after this update."""
        self.stopping = reason

    def state(self) -> dict[str, Any]:
        """Everything that decides what comes next, but for the environments: arrays and plain data."""
        return {
            "number": self.number,
            "steps": self.steps,
            "wall": self.wall,
            "learning_rate": self.schedule.learning_rate,
            "learner": self.learner.state(),
            "collector": self.collector.state(),
            "extras": [extra.state() for extra in self.extras],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.number, self.steps = int(state["number"]), int(state["steps"])
        self.wall = float(state["wall"])
        self.schedule.learning_rate = float(state["learning_rate"])
        self.learner.restore(state["learner"])
        self.collector.restore(state["collector"])
        for extra, saved in zip(self.extras, state["extras"], strict=True):
            extra.restore(saved)
