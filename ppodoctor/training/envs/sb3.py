"""A Stable-Baselines3 VecEnv as a source: it resets in the step of the end and tells the rest in its infos."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.api import Observation, Step
from ppodoctor.training.envs.masks import KEY, METHOD, Masks
from ppodoctor.training.envs.rows import place, to_float32
from ppodoctor.training.envs.snapshot import capture_or_note, reinstate


def is_vec_env(target: Any) -> bool:
    """Whether an object is a VecEnv, without importing Stable-Baselines3."""
    return all(hasattr(target, name) for name in ("step_async", "step_wait", "env_method", "num_envs"))


class VecEnvSource:
    """A source over an SB3 VecEnv: `dones`, `info["terminal_observation"]` and `info["TimeLimit.truncated"]`."""

    autoreset = "same_step"
    stacks = False

    def __init__(self, envs: Any) -> None:
        self.envs = envs
        self.notes: list[str] = []
        self.num_envs = int(envs.num_envs)
        specs = [getattr(spec, "id", None) for spec in _asked(envs, "spec")]
        self.spec_id = specs[0] if specs else None
        self.name = self.spec_id or type(envs).__name__
        self.raw_observation_space, self.action_space = envs.observation_space, envs.action_space
        self._masks = Masks(self.action_space, self.num_envs, self.name)
        self._mask_method = bool(_asked(envs, METHOD))
        self._valid = np.ones(self.num_envs, np.bool_)
        self._warn_of_scaling()

    def _warn_of_scaling(self) -> None:
        layer = self.envs
        while layer is not None:
            if getattr(layer, "norm_reward", False):
                self.notes.append(
                    f"{type(layer).__name__} scales the rewards before they arrive: returns of episodes are in its "
                    "units. Leave it out and use normalise_observations and normalise_rewards, which keep them raw."
                )
            layer = getattr(layer, "venv", None)

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        if seed is not None:
            self.envs.seed(seed)
        observation = copy.deepcopy(self.envs.reset())
        return to_float32(observation), self._mask(list(getattr(self.envs, "reset_infos", [])))

    def step(self, actions: NDArray[Any]) -> Step:
        observation, reward, done, infos = self.envs.step(actions)
        observation, done = to_float32(observation), np.array(done, np.bool_)
        truncated = np.zeros(self.num_envs, np.bool_)
        final = None
        begun = infos
        if np.count_nonzero(done):
            final = copy.deepcopy(observation)
            begun = list(infos)
            resets = getattr(self.envs, "reset_infos", None) or [{}] * self.num_envs
            for i in np.flatnonzero(done).tolist():
                truncated[i] = infos[i].get("TimeLimit.truncated", False)
                place(final, i, infos[i]["terminal_observation"])
                begun[i] = resets[i]
        mask = self._mask(begun)
        return Step(observation, np.array(reward), done & ~truncated, truncated, final, self._valid.copy(), mask)

    def _mask(self, infos: list[dict[str, Any]]) -> NDArray[np.bool_] | None:
        if self._mask_method:
            return self._masks.allow_some(self._masks.rows(self.envs.env_method(METHOD)))
        if not any(KEY in info for info in infos):
            return None
        return self._masks.allow_some(self._masks.rows([info.get(KEY) for info in infos]))

    def close(self) -> None:
        self.envs.close()

    def state(self) -> Any | None:
        return capture_or_note([self.envs], self.name, self.notes)

    def restore(self, state: Any) -> None:
        reinstate([self.envs], copy.deepcopy(state))


def _asked(envs: Any, name: str) -> list[Any]:
    """An attribute of every environment inside; empty where they lack it."""
    try:
        # a process that is asked for what it lacks dies, so ask first
        return list(envs.get_attr(name)) if envs.has_attr(name) else []
    except AttributeError:
        return []
