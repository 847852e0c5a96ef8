"""Bad environments: every observation of the first steps is held against its space, later ones against a sum.

A fault stops training with a sentence that says what was seen, what was expected and what to change. What can be lived
with becomes a note.
"""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault, Observation, Step
from ppodoctor.training.envs.rows import leaves

FIRST_STEPS = 32
"""Steps whose observations are held against the space in full."""
ENDLESS = 20_000
"""Steps of every environment without a single end, after which the environment is said to be endless."""
STILLBORN = 50
"""Episodes of one step in a row, after longer ones, that show a reset that does not start anew."""


class Inspector:
    """Checks batches of observations and rewards; the cheap check costs two dot products a step."""

    endless = ENDLESS

    def __init__(self, name: str, space: gym.Space[Any], num_envs: int, notes: list[str]) -> None:
        self.name, self.notes, self.num_envs = name, notes, num_envs
        self._space = space
        self._nested = isinstance(space, (spaces.Dict, spaces.Tuple))
        self._steps = 0
        self._longest = 0
        self._short = 0

    def reset(self, observation: Observation) -> None:
        """Check what reset returned."""
        self._batch(self._space, observation, "observation", "reset()")

    def step(self, observation: Observation, reward: NDArray[Any], actions: NDArray[Any]) -> None:
        """Check one step; raises EnvironmentFault where a number is not finite or a value does not fit its space."""
        self._steps += 1
        if self._steps <= FIRST_STEPS:
            self._batch(self._space, observation, "observation", "step()")
        # the square of a large number may overflow, so the sum of squares only raises suspicion
        if not math.isfinite(np.dot(reward, reward)) and not np.isfinite(reward).all():
            self._not_finite("reward", reward, actions)
        for leaf in leaves(observation) if self._nested else (observation,):
            if leaf.dtype.kind == "f" and not math.isfinite(np.vdot(leaf, leaf)) and not np.isfinite(leaf).all():
                self._not_finite("observation", leaf, actions)

    def ended(self, step: Step) -> None:
        """Look at the episodes that just ended, and at where they did."""
        for leaf in leaves(step.final_observation):
            if leaf.dtype.kind == "f" and not np.isfinite(leaf).all():
                self._final_not_finite(leaf)
        for episode in step.episodes:
            self._longest = max(self._longest, episode.length)
            self._short = self._short + 1 if episode.length == 1 else 0
        if self._short >= STILLBORN and self._longest > 1:
            self._note(
                f"The last {self._short} episodes of {self.name} were one step long, earlier ones up to {self._longest}"
                " steps. Does reset() bring back everything that decides the end (position, step counter)?"
            )

    def never_ended(self) -> None:
        """Say that no episode ends."""
        self._note(
            f"No episode of {self.name} has ended in {self.endless:,} steps of each environment. PPO needs ends to "
            "count returns, and this state may be one nothing leads out of. Return terminated=True at the end, or give "
            "a time limit: max_episode_steps."
        )

    def _final_not_finite(self, leaf: NDArray[Any]) -> None:
        bad = np.argwhere(~np.isfinite(leaf))[0].tolist()
        raise EnvironmentFault(
            f"The last observation of an episode of {self.name} (environment {bad[0]}, step {self._steps}) holds "
            f"{leaf[tuple(bad)]} in element {bad[1:]}. Expected finite numbers: an episode that was cut off is judged "
            "by them. Return the state in which it ended."
        )

    def _note(self, text: str) -> None:
        if text.split(".")[0][:60] not in {note.split(".")[0][:60] for note in self.notes}:
            self.notes.append(text)

    def _not_finite(self, what: str, values: NDArray[Any], actions: NDArray[Any]) -> None:
        """Name the first bad number, and say whether the action that led there was one."""
        bad = np.argwhere(~np.isfinite(values))[0].tolist()
        seen = values[tuple(bad)]
        where = f" in element {bad[1:]}" if len(bad) > 1 else ""
        if not np.isfinite(actions[bad[0]]).all():
            raise EnvironmentFault(
                f"Environment {bad[0]} of {self.name} answered an action that is not finite ({actions[bad[0]]}) with a "
                f"{what} of {seen}{where}, at step {self._steps}. The policy diverged first: look at its update."
            )
        raise EnvironmentFault(
            f"Environment {bad[0]} of {self.name} returned a {what} of {seen}{where} at step {self._steps}, after the "
            f"finite action {actions[bad[0]]}. Expected a finite number. Look in step() for a division by zero, the "
            "log or root of a negative number, or a simulation that blew up; end the episode before that happens."
        )

    def _batch(self, space: gym.Space[Any], value: Observation, path: str, call: str) -> None:
        """Hold a batch against the space of one observation, leaf by leaf."""
        if isinstance(space, spaces.Dict):
            for name, part in space.spaces.items():
                self._batch(part, value[name], f"{path}[{name!r}]", call)
        elif isinstance(space, spaces.Tuple):
            for i, part in enumerate(space.spaces):
                self._batch(part, value[i], f"{path}[{i}]", call)
        else:
            self._leaf(space, value, path, call)

    def _leaf(self, space: gym.Space[Any], value: NDArray[Any], path: str, call: str) -> None:
        shape = (self.num_envs, *(space.shape or ()))
        if value.shape != shape:
            raise EnvironmentFault(
                f"{call} of {self.name} returned {path}s of shape {value.shape}. Expected {shape}: {self.num_envs} "
                f"environments of shape {space.shape}. Change the observation space or what is returned."
            )
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            bad = np.argwhere(~np.isfinite(value))[0].tolist()
            if call == "reset()":
                raise EnvironmentFault(
                    f"reset() of environment {bad[0]} of {self.name} returned {value[tuple(bad)]} in element "
                    f"{bad[1:]} of the {path}. Expected finite numbers. Initialise every value before returning it."
                )
            return  # the step check says more about it
        self._bounds(space, value, path, call)

    def _bounds(self, space: gym.Space[Any], value: NDArray[Any], path: str, call: str) -> None:
        low, high = bounds(space)
        if low is None or high is None:
            return
        outside = (value < low) | (value > high)
        if not outside.any():
            return
        bad = tuple(np.argwhere(outside)[0].tolist())
        low, high = np.broadcast_to(low, value.shape[1:])[bad[1:]], np.broadcast_to(high, value.shape[1:])[bad[1:]]
        seen = f"{call} of environment {bad[0]} of {self.name} returned {value[bad]:g} in the {path}"
        seen += f", element {list(bad[1:])}" if len(bad) > 1 else ""
        if isinstance(space, spaces.Box):
            self._note(
                f"{seen}, outside of the {low:g} to {high:g} that its Box promises. Training does not use the bounds, "
                "but a policy that scales by them would be wrong: correct low and high, or clip what is returned."
            )
            return
        raise EnvironmentFault(
            f"{seen}. Expected {low:g} to {high:g}, as {space} says. Values are encoded one by one, so none may lie "
            "outside: make the space as large as the values (its `n`, `nvec` and `start`), or correct the values."
        )


def bounds(space: gym.Space[Any]) -> tuple[Any, Any]:
    """Least and greatest value of a leaf space; None twice where there are none."""
    if isinstance(space, spaces.Box):
        return space.low, space.high
    if isinstance(space, spaces.Discrete):
        return np.asarray(space.start), np.asarray(space.start + space.n - 1)
    if isinstance(space, spaces.MultiDiscrete):
        return space.start, space.start + space.nvec - 1
    if isinstance(space, spaces.MultiBinary):
        return np.asarray(0), np.asarray(1)
    return None, None
