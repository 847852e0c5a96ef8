"""Classic control as a source: N worlds in one numpy call, reset in the step of the end, so that no row is lost.

The same seeds give the same episodes as gymnasium's environments do one by one, to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import Env
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import seeding
from numpy.typing import NDArray

from ppodoctor.training.envs.api import Step
from ppodoctor.training.envs.worlds import WORLDS, World

FROM_ENVS = 3
"""Environments from which one numpy call is faster than stepping gymnasium's in turn (measured on CartPole)."""


def world_of(spec: Any) -> type[Any] | None:
    """The world that stands for a spec, if it is gymnasium's own and unchanged."""
    if not isinstance(spec, EnvSpec) or spec.id not in WORLDS or spec.kwargs or spec.additional_wrappers:
        return None
    world, entry_point = WORLDS[spec.id]
    return world if spec.entry_point == entry_point else None


class Classic:
    """A source over one world. `example` lends its spaces."""

    autoreset = "same_step"
    stacks = False

    def __init__(self, world: World, num_envs: int, example: Env[Any, Any], limit: int) -> None:
        self.world, self.num_envs, self.limit = world, num_envs, limit
        self.notes: list[str] = []
        self.spec_id: str | None = None if example.spec is None else example.spec.id
        self.name = str(self.spec_id)
        self.raw_observation_space, self.action_space = example.observation_space, example.action_space
        self._state = np.zeros((world.size, num_envs))
        self._steps = np.zeros(num_envs, np.int64)
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]

    def reset(self, seed: int | None = None) -> tuple[NDArray[np.float32], None]:
        if seed is not None:
            self._generators = [seeding.np_random(seed + i)[0] for i in range(self.num_envs)]
        self._begin(range(self.num_envs))
        return self.world.look(self._state), None

    def step(self, actions: NDArray[Any]) -> Step:
        reward, terminated = self.world.advance(self._state, actions)
        self._steps += 1
        truncated = self._steps >= self.limit
        if terminated is None:
            terminated = np.zeros(self.num_envs, np.bool_)
        observation = self.world.look(self._state)
        final = None
        ended = terminated | truncated
        if np.count_nonzero(ended):
            final = observation
            self._begin(np.flatnonzero(ended).tolist())
            observation = self.world.look(self._state)
        return Step(observation, reward, terminated, truncated, final, np.ones(self.num_envs, np.bool_))

    def _begin(self, rows: Any) -> None:
        """Start an episode in each of these environments."""
        for i in rows:
            self._state[:, i] = self.world.fresh(self._generators[i])
            self._steps[i] = 0

    def close(self) -> None:
        return

    def state(self) -> Any | None:
        generators = [generator.bit_generator.state for generator in self._generators]
        return {"state": self._state.tolist(), "steps": self._steps.tolist(), "generators": generators}

    def restore(self, state: Any) -> None:
        self._state = np.array(state["state"], np.float64)
        self._steps = np.array(state["steps"], np.int64)
        for generator, saved in zip(self._generators, state["generators"], strict=True):
            generator.bit_generator.state = saved
