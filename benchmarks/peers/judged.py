"""The judge of fidelity.py: every episode as the environment itself played it, whoever trains on top.

Also imported by the interpreter of another trainer, under gymnasium 0.29 and 1.x alike.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

LAST = 0.2
"""The part of a training, at its end, whose episodes count."""
ROLL = 300


class Ledger:
    """Episodes of all environments of one training: (environment steps taken by then, return)."""

    def __init__(self, num_envs: int, total_steps: int) -> None:
        self.num_envs, self.total_steps = num_envs, total_steps
        self.rows: list[tuple[int, float]] = []

    def judged(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        """The environment, its episodes written here."""
        return Judged(env, self)

    def score(self) -> dict[str, Any]:
        """Mean return of the episodes that ended in the last fifth of the steps, and the mean of each tenth."""
        tenths: list[list[float]] = [[] for _ in range(10)]
        for step, ret in self.rows:
            tenths[min(10 * (step - 1) // self.total_steps, 9)].append(ret)
        late = [ret for step, ret in self.rows if step > (1 - LAST) * self.total_steps]
        if not late:
            return {"missing": f"no episode ended in the last {LAST:.0%} of {self.total_steps:,} steps"}
        curve = [float(np.mean(one)) if one else None for one in tenths]
        return {"score": float(np.mean(late)), "episodes": len(late), "curve": curve, "steps_taken": self._steps()}

    def _steps(self) -> int:
        return max(step for step, _ in self.rows)


class Judged(gym.Wrapper):  # type: ignore[type-arg]
    """Changes nothing and writes down returns. Environments step in turn, so its own count tells all of them."""

    def __init__(self, env: gym.Env[Any, Any], ledger: Ledger) -> None:
        super().__init__(env)
        self.ledger, self.steps, self.ret = ledger, 0, 0.0

    def reset(self, **kwargs: Any) -> Any:
        self.ret = 0.0
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.steps += 1
        self.ret += float(reward)
        if terminated or truncated:
            self.ledger.rows.append((self.steps * self.ledger.num_envs, self.ret))
        return observation, reward, terminated, truncated, info


def fingerprint(env: gym.Env[Any, Any]) -> list[float]:
    """What a fixed sequence of actions earns and leads to: environments that agree in it are the same task.

    Returns:
        Sum of rewards, episodes, and the sum of the last observation; that is 0 for images, which each peer sees in its
        own way.
    """
    generator = np.random.default_rng(0)
    observation, _ = env.reset(seed=3)
    earned, ended = 0.0, 0
    for _ in range(ROLL):
        space: Any = env.action_space
        action = generator.integers(space.n) if hasattr(space, "n") else generator.uniform(-1, 1, space.shape)
        observation, reward, terminated, truncated, _ = env.step(action if hasattr(space, "n") else np.float32(action))
        earned += float(reward)
        if terminated or truncated:
            ended += 1
            observation, _ = env.reset()
    env.close()
    last = np.asarray(observation, np.float64)
    return [earned, float(ended), float(last.sum()) if last.ndim == 1 else 0.0]
