"""A gymnasium vector environment as a source, in each of its three auto-reset modes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault, Observation, Step
from ppodoctor.training.envs.buffers import Buffers
from ppodoctor.training.envs.masks import KEY, METHOD, Masks, method_of
from ppodoctor.training.envs.rows import chosen, place, to_float32
from ppodoctor.training.envs.snapshot import capture_or_note, reinstate


class Vectored:
    """A source over a `gymnasium.vector.VectorEnv`.

    `mask_method` says that its environments have `action_masks()`, where that cannot be seen from here; `stacks`, that
    it stacks frames by itself.
    """

    def __init__(
        self, envs: VectorEnv[Any, Any, Any], *, mask_method: bool | None = None, stacks: bool = False
    ) -> None:
        self.stacks = stacks
        self.envs = envs
        self.notes: list[str] = []
        self.num_envs = envs.num_envs
        self.spec_id = getattr(envs.spec, "id", None)
        self.name = self.spec_id or type(envs.unwrapped).__name__
        self.raw_observation_space, self.action_space = envs.single_observation_space, envs.single_action_space
        self.mode = _mode(envs)
        self.autoreset = "next_step" if self.mode is AutoresetMode.NEXT_STEP else "same_step"
        self._buffers = Buffers()
        self._masks = Masks(self.action_space, self.num_envs, self.name)
        if mask_method is None:
            inside = getattr(envs.unwrapped, "envs", None)
            mask_method = bool(inside) and method_of(inside[0]) is not None  # type: ignore[index]
        self._mask_method = mask_method
        self._all = np.ones(self.num_envs, np.bool_)
        self._resetting: NDArray[np.bool_] | None = None
        """Rows that ended with the last step and that the next one will reset; None when there are none."""

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        self._resetting = None
        observation, info = self.envs.reset(seed=seed)
        return to_float32(self._buffers.own((observation,))[0]), self._mask(info, None)

    def step(self, actions: NDArray[Any]) -> Step:
        *results, info = self.envs.step(actions)
        observation, reward, terminated, truncated = self._buffers.own(tuple(results))
        valid = self._all.copy() if self._resetting is None else ~self._resetting
        self._resetting = None
        step = Step(to_float32(observation), reward, terminated, truncated, None, valid)
        ended = terminated | truncated
        if np.count_nonzero(ended):
            info = self._end(step, ended, info)
            step.action_mask = self._mask(info, ended if self.autoreset == "next_step" else None)
        elif info or self._mask_method:
            step.action_mask = self._mask(info, None)
        return step

    def _end(self, step: Step, ended: NDArray[np.bool_], info: dict[str, Any]) -> dict[str, Any]:
        """Find the last observations of the episodes that ended, and reset them where that is left to us."""
        if self.mode is AutoresetMode.NEXT_STEP:
            self._resetting = ended
            step.final_observation = step.observation
            return info
        if self.mode is AutoresetMode.SAME_STEP:
            step.final_observation = _scattered(step.observation, info["final_obs"], np.flatnonzero(ended))
            return info
        step.final_observation = step.observation
        fresh, begun = self.envs.reset(options={"reset_mask": ended.copy()})
        step.observation = chosen(ended, to_float32(fresh), step.observation)
        if KEY in info and KEY in begun:
            begun = {**begun, KEY: np.where(ended[:, None], begun[KEY], info[KEY]), f"_{KEY}": self._all}
        return begun

    def _mask(self, info: dict[str, Any], ended: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """The masks of all environments, asked for or from the info."""
        if self._mask_method:
            return self._masks.allow_some(self._masks.rows(list(self.envs.unwrapped.call(METHOD))), ended)  # type: ignore[attr-defined]
        if KEY not in info:
            return None
        given = info.get(f"_{KEY}", self._all)
        masks = [mask if said else None for mask, said in zip(info[KEY], given, strict=True)]
        return self._masks.allow_some(self._masks.rows(masks), ended)

    def close(self) -> None:
        self.envs.close()

    def state(self) -> Any | None:
        state = capture_or_note([self.envs], self.name, self.notes)
        if state is None:
            return None
        return {"envs": state, "resetting": None if self._resetting is None else self._resetting.tolist()}

    def restore(self, state: Any) -> None:
        reinstate([self.envs], copy.deepcopy(state["envs"]))
        self._resetting = None if state["resetting"] is None else np.array(state["resetting"], np.bool_)


def _mode(envs: VectorEnv[Any, Any, Any]) -> AutoresetMode:
    mode = (envs.metadata or {}).get("autoreset_mode")
    try:
        return AutoresetMode(mode)
    except ValueError:
        raise EnvironmentFault(
            f"{type(envs.unwrapped).__name__} has {mode!r} as metadata['autoreset_mode']. Expected one of "
            "gymnasium.vector.AutoresetMode: NEXT_STEP (the step after an end is the reset), SAME_STEP (the last "
            "observation is in info['final_obs']) or DISABLED. Set it in the class's metadata."
        ) from None


def _scattered(like: Observation, ones: Any, rows: NDArray[np.intp]) -> Observation:
    """A copy of a batch with some of its rows taken from single observations."""
    final = copy.deepcopy(like)
    for i in rows.tolist():
        place(final, i, ones[i])
    return final
