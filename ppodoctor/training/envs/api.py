"""The door between environments and training: one step of many environments, and what may be asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import gymnasium as gym

Observation = Any
"""Array [N, ...], or a dict or tuple of such (nested as the space is); float32, uint8 or integers."""


class EnvironmentFault(Exception):
    """The environment broke its contract; the message says what was seen, what was expected and what to change."""


@dataclass(frozen=True, slots=True)
class Finished:
    """One finished episode."""

    env: int
    """Which of the N environments."""
    ret: float
    """Sum of the rewards as the environment gave them, before any normalisation."""
    length: int
    """Environment steps."""
    terminated: bool
    truncated: bool


@dataclass(slots=True)
class Step:
    """One step of N environments. All arrays are new: whoever receives them may keep them."""

    observation: Observation
    """What the next action is chosen from: the first of the next episode where one ended and was reset at once."""
    reward: NDArray[np.float32]
    """[N], as the environment gave it."""
    terminated: NDArray[np.bool_]
    """[N] a true end: the future is worth nothing. Wins where `truncated` is true as well."""
    truncated: NDArray[np.bool_]
    """[N] cut off, as by a time limit: bootstrap from `final_observation`."""
    final_observation: Observation | None
    """Last observation of the episodes that ended: rows where terminated | truncated; None when none ended.

    May be the same array as `observation`, where the reset comes a step later.
    """
    valid: NDArray[np.bool_]
    """[N] False where this step was the reset of next-step auto-reset: action ignored, reward 0, never trained on."""
    action_mask: NDArray[np.bool_] | None = None
    """[N, actions] True where the next action is allowed; MultiDiscrete: its dimensions side by side."""
    episodes: tuple[Finished, ...] = ()


class Envs(Protocol):
    """N environments that are stepped together.

    Actions are [N] integers from 0 for Discrete, [N, ...] for other spaces. Box actions are clipped to their bounds,
    or scaled from [-1, 1] with `EnvOptions.squash_actions`.
    """

    num_envs: int
    observation_space: gym.Space[Any]
    """Of one environment, as the observations arrive here: floating point is float32."""
    action_space: gym.Space[Any]
    """Of one environment."""
    spec_id: str | None
    how: str
    """core (stepped by the compiled core itself), native, sync, async, envpool, or given (made by the caller)."""
    why: str
    """Why that way of stepping was chosen, one sentence."""
    autoreset: str
    """same_step or next_step, as seen by the receiver of steps."""
    notes: list[str]
    """Sentences about what is odd but can be lived with, growing while environments are stepped."""

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        """First observations and action masks.

        Environment i is seeded with seed + i; vector environments made elsewhere spread the seed as they do.
        """
        ...

    def step(self, actions: NDArray[Any]) -> Step: ...

    def close(self) -> None: ...

    def state(self) -> Any | None:
        """Everything that decides the future, as plain data (JSON); None where that cannot be had, see `notes`."""
        ...

    def restore(self, state: Any) -> None:
        """Continue from `state`, in environments made as those were and reset once."""
        ...


@dataclass(frozen=True)
class EnvOptions:
    """How environments are made, beside how many."""

    kwargs: Mapping[str, Any] = field(default_factory=dict)
    """For the environment's own constructor."""
    squash_actions: bool = False
    """Box actions arrive in [-1, 1] and are scaled to the bounds; otherwise they are clipped to the bounds."""
    frame_stack: int = 1
    """Observations stacked; images side by side in their channels."""
    atari: bool | None = None
    """Atari preprocessing (Machado et al. 2018: 84x84 grey, frame skip 4); None: where the id is an Atari one."""
    max_episode_steps: int | None = None
    """Time limit in place of the registered one."""
