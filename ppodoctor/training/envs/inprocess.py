"""N environments stepped in turn in this process, each reset in the step in which it ended: no row is lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.api import EnvironmentFault, Observation, Step
from ppodoctor.training.envs.inspection import FIRST_STEPS
from ppodoctor.training.envs.masks import KEY, Masks, method_of
from ppodoctor.training.envs.rows import Rows, place, readable
from ppodoctor.training.envs.single import check_object, check_reset, check_step, name_of
from ppodoctor.training.envs.snapshot import capture_or_note, reinstate


class InProcess:
    """A source over single environments: gymnasium's, or anything with its spaces, `reset` and `step`."""

    autoreset = "same_step"
    stacks = False

    def __init__(self, makers: list[Callable[[], Any]], name: str = "") -> None:
        self.notes: list[str] = []
        self.envs: list[Any] = []
        for make in makers:
            env = make()
            check_object(env)
            env, without = readable(env)
            if without and without not in self.notes:
                self.notes.append(without)
            if any(env is other for other in self.envs):
                raise EnvironmentFault(
                    f"{name or name_of(env)} was made {len(makers)} times and came as the same object. Expected a new "
                    "one each time: give the class, or a function that makes one, not `lambda: env`."
                )
            self.envs.append(env)
        first = self.envs[0]
        self.num_envs = len(self.envs)
        self.name = name or name_of(first)
        self.spec_id = getattr(getattr(first, "spec", None), "id", None)
        self.raw_observation_space, self.action_space = first.observation_space, first.action_space
        self._rows = Rows(first.observation_space, self.num_envs)
        self._masks = Masks(self.action_space, self.num_envs, self.name)
        self._mask_methods = [method for env in self.envs if (method := method_of(env)) is not None]
        self._masked = bool(self._mask_methods)
        self._valid = np.ones(self.num_envs, np.bool_)
        self._steps = 0

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        ones, infos = [], []
        for i, env in enumerate(self.envs):
            result = env.reset(seed=None if seed is None else seed + i)
            check_reset(env, result, self.notes)
            ones.append(result[0])
            infos.append(result[1])
        self._masked = bool(self._mask_methods) or any(KEY in info for info in infos)
        return self._rows.stack(ones), self._mask(infos) if self._masked else None

    def step(self, actions: NDArray[Any]) -> Step:
        ones, rewards, terminations, truncations, infos = [], [], [], [], []
        ended: list[tuple[int, Any]] = []
        self._steps += 1
        fresh = self._steps <= FIRST_STEPS
        result: Any = None
        try:
            for i, env in enumerate(self.envs):
                result = env.step(actions[i])
                if fresh:
                    check_step(env, result, self.notes)
                one, reward, terminated, truncated, info = result
                if terminated or truncated:
                    ended.append((i, one))
                    result = env.reset()
                    one, info = result
                ones.append(one)
                rewards.append(reward)
                terminations.append(terminated)
                truncations.append(truncated)
                infos.append(info)
            raw: NDArray[Any] = np.array(rewards, np.float64)
            if raw.ndim != 1:
                raise ValueError("a reward that is not one number")
            step = Step(
                self._rows.stack(ones),
                raw,
                np.array(terminations, np.bool_),
                np.array(truncations, np.bool_),
                self._final(ones, ended) if ended else None,
                self._valid.copy(),
            )
        except Exception as error:
            if len(infos) == self.num_envs:  # all answered, and an answer does not fit in: check them again
                for env, *answer in zip(self.envs, ones, rewards, terminations, truncations, infos, strict=True):
                    check_step(env, tuple(answer), self.notes)
            else:
                self._explain(error, result, len(infos), actions)
            raise
        if self._masked:
            step.action_mask = self._mask(infos)
        return step

    def _final(self, ones: list[Any], ended: list[tuple[int, Any]]) -> Observation:
        """A batch with the last observations in the rows that ended; the other rows are the current ones."""
        final = self._rows.stack(ones)
        for i, one in ended:
            place(final, i, one)
        return final

    def _mask(self, infos: list[dict[str, Any]]) -> NDArray[np.bool_]:
        methods = self._mask_methods
        masks = [method() for method in methods] if methods else [info.get(KEY) for info in infos]
        return self._masks.allow_some(self._masks.rows(masks))

    def _explain(self, error: Exception, result: Any, i: int, actions: NDArray[Any]) -> None:
        """Raise a fault where the environment's last answer explains the error, else say where it happened."""
        if isinstance(error, EnvironmentFault):
            return
        if result is not None:
            check = check_reset if isinstance(result, tuple) and len(result) == 2 else check_step
            check(self.envs[i], result, self.notes)
        error.add_note(f"raised by environment {i} of {self.name}, step {self._steps}, action {actions[i]}")

    def close(self) -> None:
        for env in self.envs:
            close = getattr(env, "close", None)
            if close is not None:
                close()

    def state(self) -> Any | None:
        return capture_or_note(self.envs, self.name, self.notes)

    def restore(self, state: Any) -> None:
        reinstate(self.envs, copy.deepcopy(state))
