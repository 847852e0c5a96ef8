"""A gymnasium vector environment behind the door, in each of its three auto-reset modes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from ppodoctor.training.envs.actions import sender
from ppodoctor.training.envs.api import Observation, Step
from ppodoctor.training.envs.buffers import Buffers
from ppodoctor.training.envs.episodes import Episodes
from ppodoctor.training.envs.rows import as_float32, mapped, place, to_float32


class Vectored:
    """`Envs` over a `gymnasium.vector.VectorEnv`."""

    def __init__(
        self, envs: VectorEnv[Any, Any, Any], *, how: str = "given", squash: bool = False, why: str = ""
    ) -> None:
        self.envs = envs
        self.num_envs = envs.num_envs
        self.how, self.why = how, why
        self.notes: list[str] = []
        self.spec_id = getattr(envs.spec, "id", None)
        self.action_space = envs.single_action_space
        self.observation_space = as_float32(envs.single_observation_space)
        self.mode = AutoresetMode(envs.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
        self.autoreset = "next_step" if self.mode is AutoresetMode.NEXT_STEP else "same_step"
        self._send = sender(self.action_space, squash=squash)
        self._buffers = Buffers()
        self._episodes = Episodes(self.num_envs)
        self._all = np.ones(self.num_envs, np.bool_)
        self._resetting: NDArray[np.bool_] | None = None
        """Rows that ended with the last step and that the next one will reset; None when there are none."""

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        self._episodes.clear()
        self._resetting = None
        observation, _ = self.envs.reset(seed=seed)
        return to_float32(self._buffers.own((observation,))[0]), None

    def step(self, actions: NDArray[Any]) -> Step:
        *results, info = self.envs.step(self._send(actions))
        observation, raw, terminated, truncated = self._buffers.own(tuple(results))
        valid = self._all.copy() if self._resetting is None else ~self._resetting
        self._episodes.count(raw, None if self._resetting is None else valid)
        self._resetting = None
        step = Step(to_float32(observation), raw.astype(np.float32, copy=False), terminated, truncated, None, valid)
        ended = terminated | truncated
        if np.count_nonzero(ended):
            step.episodes = self._episodes.finish(terminated, truncated)
            self._end(step, ended, info)
        return step

    def _end(self, step: Step, ended: NDArray[np.bool_], info: dict[str, Any]) -> None:
        """Find the last observations of the episodes that ended, and reset them where that is left to us."""
        if self.mode is AutoresetMode.NEXT_STEP:
            self._resetting = ended
            step.final_observation = step.observation
        elif self.mode is AutoresetMode.SAME_STEP:
            step.final_observation = _scattered(step.observation, info["final_obs"], np.flatnonzero(ended))
        else:
            step.final_observation = copy.deepcopy(step.observation)
            fresh, _ = self.envs.reset(options={"reset_mask": ended.copy()})
            step.observation = mapped(lambda old, new: _where(ended, new, old), step.observation, to_float32(fresh))

    def close(self) -> None:
        self.envs.close()

    def state(self) -> Any | None:
        resetting = None if self._resetting is None else self._resetting.copy()
        return {"envs": copy.deepcopy(self.envs), "episodes": self._episodes.state(), "resetting": resetting}

    def restore(self, state: Any) -> None:
        self.envs = copy.deepcopy(state["envs"])
        self._episodes.restore(state["episodes"])
        self._resetting = state["resetting"]


def _where(rows: NDArray[np.bool_], new: NDArray[Any], old: NDArray[Any]) -> NDArray[Any]:
    """`new` in the rows named, `old` in the others."""
    return np.where(rows.reshape(-1, *[1] * (old.ndim - 1)), new, old)


def _scattered(like: Observation, ones: Any, rows: NDArray[np.intp]) -> Observation:
    """A copy of a batch with some of its rows taken from single observations."""
    final = copy.deepcopy(like)
    for i in rows.tolist():
        place(final, i, ones[i])
    return final
