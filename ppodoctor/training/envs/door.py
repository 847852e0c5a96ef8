"""What is the same for every kind of environments: actions sent, steps checked, episodes counted."""

from __future__ import annotations

from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.actions import sender
from ppodoctor.training.envs.api import Observation, Step
from ppodoctor.training.envs.episodes import Episodes
from ppodoctor.training.envs.inspection import Inspector
from ppodoctor.training.envs.rows import as_float32


class Source(Protocol):
    """One kind of environments: steps N of them and says what happened.

    Its steps carry no episodes, rewards of any floating type, and a final observation exactly where an episode ended.
    """

    num_envs: int
    name: str
    """For messages: an id or a class."""
    raw_observation_space: gym.Space[Any]
    action_space: gym.Space[Any]
    spec_id: str | None
    autoreset: str
    stacks: bool
    """Whether it stacks frames by itself, as many as it was told to."""
    notes: list[str]

    def reset(self, seed: int | None) -> tuple[Observation, NDArray[np.bool_] | None]: ...

    def step(self, actions: NDArray[Any]) -> Step: ...

    def close(self) -> None: ...

    def state(self) -> Any | None: ...

    def restore(self, state: Any) -> None: ...


class Door:
    """`Envs` over a source."""

    def __init__(self, source: Source, *, how: str, why: str, squash: bool = False) -> None:
        self.source = source
        self.how, self.why = how, why
        self.num_envs = source.num_envs
        self.spec_id = source.spec_id
        self.autoreset = source.autoreset
        self.notes = source.notes
        self.action_space = source.action_space
        self.observation_space = as_float32(source.raw_observation_space)
        self._send = sender(source.action_space, squash=squash)
        self._episodes = Episodes(self.num_envs, late=int(source.autoreset == "next_step"))
        self._inspector = Inspector(source.name, source.raw_observation_space, self.num_envs, self.notes)
        self._running = False

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        self._episodes.clear()
        if seed is not None:
            self.action_space.seed(seed)
        observation, mask = self.source.reset(seed)
        self._inspector.reset(observation)
        self._running = True
        return observation, mask

    def step(self, actions: NDArray[Any]) -> Step:
        if not self._running:
            self.reset()
        step = self.source.step(self._send(actions))
        raw = step.reward
        self._inspector.step(step.observation, raw, actions)
        self._episodes.count(raw)
        if raw.dtype != np.float32:
            step.reward = raw.astype(np.float32)
        if step.final_observation is not None:
            step.episodes = self._episodes.finish(step.terminated, step.truncated)
            self._inspector.ended(step)
        elif self._episodes.since_end == self._inspector.endless:
            self._inspector.never_ended()
        return step

    def close(self) -> None:
        self.source.close()

    def state(self) -> Any | None:
        """Plain data (JSON), or None with a sentence in `notes` that says what stands in the way."""
        state = self.source.state()
        return None if state is None else {"source": state, "episodes": self._episodes.state()}

    def restore(self, state: Any) -> None:
        self.source.restore(state["source"])
        self._episodes.restore(state["episodes"])
        self._running = True
