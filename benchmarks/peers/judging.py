"""The same judge for every peer: the greedy policy's mean return over 100 fresh episodes of CartPole."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SOLVED, EPISODES, EVERY = 475.0, 100, 5_120
"""Return that counts as solved; episodes of the judge; steps between two judgements."""
LONGEST = 1_000_000


def greedy_return(act: Callable[[Any], Any], seed: int) -> float:
    """Mean return of `act` (observations [100, 4] to actions [100]) over one episode in each of 100 environments."""
    import gymnasium as gym  # not everybody who answers needs it, and start-up is measured

    envs = gym.make_vec("CartPole-v1", EPISODES, vectorization_mode="vector_entry_point")
    observation, _ = envs.reset(seed=seed)
    total, going = np.zeros(EPISODES), np.ones(EPISODES, bool)
    while going.any():
        observation, reward, terminated, truncated, _ = envs.step(np.asarray(act(observation)))
        total += reward * going
        going &= ~(terminated | truncated)
    envs.close()
    return float(total.mean())


class Judge:
    """Judges now and then; keeps its own time apart."""

    def __init__(self, act: Callable[[Any], Any], seed: int) -> None:
        self.act, self.seed = act, seed
        self.spent = 0.0
        self._next = EVERY

    def solved(self, steps: int) -> bool:
        """Is it time to judge, and is the task solved?"""
        if steps < self._next:
            return False
        self._next = steps + EVERY
        began = time.perf_counter()
        found = greedy_return(self.act, 10_000 + self.seed) >= SOLVED
        self.spent += time.perf_counter() - began
        return found


def since_start() -> float:
    """Seconds since this process began, imports included."""
    with open("/proc/self/stat", encoding="ascii") as file:
        started = int(file.read().rpartition(")")[2].split()[19])
    with open("/proc/uptime", encoding="ascii") as file:
        return float(file.read().split()[0]) - started / 100.0


def answer(**found: Any) -> None:
    """What the benchmark reads."""
    print("RESULT " + json.dumps(found), flush=True)
