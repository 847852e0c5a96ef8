"""A small game of images, for trainers on pixels: catch what falls. 84x84, four frames, no package needed."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

SIDE, CELL = 84, 12
CELLS = SIDE // CELL


class Catch(gym.Env[Any, Any]):
    """A ball falls through 7 rows, a paddle below moves left, right or stays; +1 for a catch, -1 for a miss.

    Five balls an episode, so that returns lie in [-5, 5] and random play earns about -3.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's own way

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (4, SIDE, SIDE), np.uint8)
        self.action_space = gym.spaces.Discrete(3)
        self.frames = np.zeros((4, SIDE, SIDE), np.uint8)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.balls, self.paddle = 5, CELLS // 2
        self.frames[:] = 0
        self._drop()
        return self._see(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.paddle = min(max(self.paddle + int(action) - 1, 0), CELLS - 1)
        self.row += 1
        reward = 0.0
        if self.row == CELLS - 1:
            reward = 1.0 if self.column == self.paddle else -1.0
            self.balls -= 1
            if self.balls:
                self._drop()
        return self._see(), reward, self.balls == 0, False, {}

    def _drop(self) -> None:
        self.row, self.column = 0, int(self.np_random.integers(CELLS))

    def _see(self) -> Any:
        self.frames[:-1] = self.frames[1:]
        frame = self.frames[-1]
        frame[:] = 0
        for row, column, light in ((self.row, self.column, 255), (CELLS - 1, self.paddle, 128)):
            frame[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = light
        return self.frames.copy()


def make(name: str) -> Any:
    """An environment by its name here or in gymnasium."""
    return Catch() if name == "pixels" else gym.make(name)
