"""Frames stacked over time, for environments of every kind, and what an image's axes mean."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault, Observation, Step
from ppodoctor.training.envs.door import Door
from ppodoctor.training.envs.rows import chosen, mapped


def image_axes(space: gym.Space[Any]) -> str | None:
    """How an image space (uint8, two or three axes) is laid out: "HW", "CHW" or "HWC"; None where it is none."""
    if not isinstance(space, spaces.Box) or space.dtype != np.uint8 or len(space.shape) not in (2, 3):
        return None
    if len(space.shape) == 2:
        return "HW"
    return "CHW" if space.shape[0] < min(space.shape[1:]) else "HWC"


def stacked_space(space: gym.Space[Any], frames: int) -> gym.Space[Any]:
    """The space of `frames` observations in one: [F * D] for vectors, [F, H, W] for grey images, channels otherwise."""
    if isinstance(space, spaces.Dict):
        return spaces.Dict({name: stacked_space(part, frames) for name, part in space.spaces.items()})
    if isinstance(space, spaces.Tuple):
        return spaces.Tuple([stacked_space(part, frames) for part in space.spaces])
    if not isinstance(space, spaces.Box):
        raise EnvironmentFault(
            f"frame_stack={frames} cannot stack {space}. Expected Box observations: set frame_stack=1, or use a "
            "recurrent policy."
        )
    low, high = (np.concatenate([_framed(end)] * frames, axis=_axis(end)) for end in (space.low, space.high))
    return spaces.Box(low, high, dtype=space.dtype.type)


def _axis(one: NDArray[Any]) -> int:
    """Along which axis of one (framed) observation time is laid: that of the channels, first or last."""
    if one.ndim == 3:
        return 0 if one.shape[0] < min(one.shape[1:]) else 2
    return 0


def _framed(one: NDArray[Any]) -> NDArray[Any]:
    """Grey images get a first axis for their frames, numbers become vectors of one."""
    return one[None] if one.ndim in (0, 2) else one


class Stacked:
    """`Envs` whose observations are the last few frames, oldest first; an episode starts with its first repeated."""

    def __init__(self, envs: Door, frames: int) -> None:
        self.envs, self.frames = envs, frames
        self.num_envs, self.action_space = envs.num_envs, envs.action_space
        self.observation_space = stacked_space(envs.observation_space, frames)
        self.spec_id, self.how, self.why = envs.spec_id, envs.how, envs.why
        self.autoreset, self.notes = envs.autoreset, envs.notes
        self._stack: Observation = None

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        observation, mask = self.envs.reset(seed)
        self._stack = mapped(self._repeated, observation)
        return self._stack, mask

    def step(self, actions: NDArray[Any]) -> Step:
        if self._stack is None:
            self.reset()
        step = self.envs.step(actions)
        begun = ~step.valid if self.autoreset == "next_step" else step.terminated | step.truncated
        if step.final_observation is not None:
            step.final_observation = mapped(self._pushed, self._stack, step.final_observation)
        stack = mapped(self._pushed, self._stack, step.observation)
        if np.count_nonzero(begun):
            stack = chosen(begun, mapped(self._repeated, step.observation), stack)
        step.observation = self._stack = stack
        return step

    def _repeated(self, batch: NDArray[Any]) -> NDArray[Any]:
        axis = 1 + _axis(batch[0])
        return np.concatenate([self._frame(batch)] * self.frames, axis=axis)

    def _pushed(self, stack: NDArray[Any], batch: NDArray[Any]) -> NDArray[Any]:
        axis = 1 + _axis(batch[0])
        frame = self._frame(batch)
        older = [slice(None)] * stack.ndim
        older[axis] = slice(frame.shape[axis], None)
        return np.concatenate([stack[tuple(older)], frame], axis=axis)

    def _frame(self, batch: NDArray[Any]) -> NDArray[Any]:
        return batch[:, None] if batch.ndim in (1, 3) else batch

    def close(self) -> None:
        self.envs.close()

    def state(self) -> Any | None:
        """As of the environments inside, with the frames."""
        from ppodoctor.training.envs.snapshot import capture

        inside = self.envs.state()
        return None if inside is None else {"envs": inside, "frames": capture([_Holder(self._stack)])}

    def restore(self, state: Any) -> None:
        from ppodoctor.training.envs.snapshot import reinstate

        holder = _Holder(None)
        reinstate([holder], state["frames"])
        self._stack = holder.stack
        self.envs.restore(state["envs"])


class _Holder:
    def __init__(self, stack: Observation) -> None:
        self.stack = stack
