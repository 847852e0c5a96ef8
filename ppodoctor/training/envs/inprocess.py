"""N environments stepped in turn in this process, each reset in the step in which it ended: no row is lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.envs.actions import sender
from ppodoctor.training.envs.api import Observation, Step
from ppodoctor.training.envs.episodes import Episodes
from ppodoctor.training.envs.rows import Rows, place


class InProcess:
    """`Envs` over single environments: gymnasium's or anything with its spaces, `reset` and `step`."""

    how = "sync"
    autoreset = "same_step"

    def __init__(self, makers: list[Callable[[], Any]], *, squash: bool = False, why: str = "") -> None:
        self.envs = [make() for make in makers]
        first = self.envs[0]
        self.num_envs = len(self.envs)
        self.why = why
        self.notes: list[str] = []
        self.spec_id = getattr(getattr(first, "spec", None), "id", None)
        self.action_space = first.action_space
        self._send = sender(first.action_space, squash=squash)
        self._rows = Rows(first.observation_space, self.num_envs)
        self.observation_space = self._rows.space
        self._episodes = Episodes(self.num_envs)
        self._valid = np.ones(self.num_envs, np.bool_)

    def reset(self, seed: int | None = None) -> tuple[Observation, NDArray[np.bool_] | None]:
        self._episodes.clear()
        ones = []
        for i, env in enumerate(self.envs):
            one, _ = env.reset(seed=None if seed is None else seed + i)
            ones.append(one)
        return self._rows.stack(ones), None

    def step(self, actions: NDArray[Any]) -> Step:
        ones, rewards, terminations, truncations = [], [], [], []
        ended: list[tuple[int, Any]] = []
        for i, (env, action) in enumerate(zip(self.envs, self._send(actions), strict=True)):
            one, reward, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                ended.append((i, one))
                one, _ = env.reset()
            ones.append(one)
            rewards.append(reward)
            terminations.append(terminated)
            truncations.append(truncated)
        raw = np.array(rewards, np.float64)
        self._episodes.count(raw)
        step = Step(
            self._rows.stack(ones),
            raw.astype(np.float32),
            np.array(terminations, np.bool_),
            np.array(truncations, np.bool_),
            None,
            self._valid.copy(),
        )
        if ended:
            step.final_observation = self._final(step.observation, ended)
            step.episodes = self._episodes.finish(step.terminated, step.truncated)
        return step

    def _final(self, observation: Observation, ended: list[tuple[int, Any]]) -> Observation:
        """A batch with the last observations in the rows that ended; the other rows are as in `observation`."""
        final = copy.deepcopy(observation)
        for i, one in ended:
            place(final, i, one)
        return final

    def close(self) -> None:
        for env in self.envs:
            env.close()

    def state(self) -> Any | None:
        return {"envs": copy.deepcopy(self.envs), "episodes": self._episodes.state()}

    def restore(self, state: Any) -> None:
        self.envs = copy.deepcopy(state["envs"])
        self._episodes.restore(state["episodes"])
