"""Small games of this benchmark's own, each asking for one ability; what a policy without it can earn is known."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

SIDE, CELL = 84, 12
CELLS = SIDE // CELL


class Catch(gym.Env[Any, Any]):
    """Images: a ball falls through 7 rows, a paddle below moves left, right or stays; +1 for a catch, -1 for a miss.

    Five balls an episode, so that returns lie in [-5, 5] and random play earns about -3. Observations are the last four
    frames [4, 84, 84] uint8, those before the first one being like the first.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's own way

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (4, SIDE, SIDE), np.uint8)
        self.action_space = gym.spaces.Discrete(3)
        self.frames = np.zeros((4, SIDE, SIDE), np.uint8)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.balls, self.paddle = 5, CELLS // 2
        self._drop()
        self.frames[:] = self._frame()
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
        self.frames[:-1] = self.frames[1:]
        self.frames[-1] = self._frame()
        return self._see(), reward, self.balls == 0, False, {}

    def _drop(self) -> None:
        self.row, self.column = 0, int(self.np_random.integers(CELLS))

    def _frame(self) -> NDArray[np.uint8]:
        frame = np.zeros((SIDE, SIDE), np.uint8)
        for row, column, light in ((self.row, self.column, 255), (CELLS - 1, self.paddle, 128)):
            frame[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = light
        return frame

    def _see(self) -> Any:
        return self.frames.copy()


class CatchInColour(Catch):
    """The same as an Atari game shows itself: one frame [84, 84, 3] at a time, to be made grey and stacked."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = gym.spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)

    def get_action_meanings(self) -> list[str]:
        """Asked for by Atari wrappers."""
        return ["LEFT", "NOOP", "RIGHT"]

    def _see(self) -> Any:
        return np.repeat(self.frames[-1][..., None], 3, axis=2)


class Recall(gym.Env[Any, Any]):
    """Memory: a cue at the first of eight steps; at the last one the action has to be the cue. 1 for that, else 0.

    What is seen in between is the same whatever the cue was, so that no policy without memory earns more than 0.5.
    """

    observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps, self.cue = 0, int(self.np_random.integers(2))
        return np.array([2 * self.cue - 1, 0], np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        reward = float(action == self.cue) if self.steps == 8 else 0.0
        return np.array([0, self.steps == 7], np.float32), reward, self.steps == 8, False, {}


class Doors(gym.Env[Any, Any]):
    """Masks: two of 20 doors are open, drawn anew each step; the observation does not tell which, the mask does.

    An open door of the first ten pays 1, any other nothing; eight steps. Who acts by the mask can earn
    8 (1 - (10 * 9) / (20 * 19)) = 6.1, who does not 8 * 2 / 20 = 0.8.
    """

    observation_space = gym.spaces.Box(0, 1, (1,), np.float32)
    action_space = gym.spaces.Discrete(20)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        self._draw()
        return np.ones(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        reward = float(action < 10 and bool(self.open[action]))
        self._draw()
        return np.ones(1, np.float32), reward, self.steps == 8, False, {}

    def _draw(self) -> None:
        self.open = np.zeros(20, np.bool_)
        self.open[self.np_random.choice(20, size=2, replace=False)] = True


class MaskedDoors(Doors):
    """The same, telling which doors are open."""

    def action_masks(self) -> NDArray[np.bool_]:
        """As sb3-contrib asks for them, and this trainer too."""
        return self.open


GAMES = {"pixels": Catch, "memory": Recall, "doors": MaskedDoors}


def make(name: str) -> Any:
    """An environment by its name here or in gymnasium."""
    return GAMES[name]() if name in GAMES else gym.make(name)
