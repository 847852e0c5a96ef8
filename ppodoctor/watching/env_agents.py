"""Environments of several agents: what they take and return by agent's name, read as a vector environment's rows.

That is the parallel interface of PettingZoo, and of classes written after it: `reset` and `step` return dictionaries.
Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

import numpy as np

from ppodoctor.watching.env_values import flat

Array = Any
_NUMBERS = (bool, int, float, np.generic)


def by_agent(out: Any) -> bool:
    """Is this what a step returns for several agents: (observations, rewards, flags, ...), each by agent?"""
    if not isinstance(out, (tuple, list)) or not 4 <= len(out) <= 5 or not all(isinstance(one, dict) for one in out):
        return False
    rewards = out[1]
    known = bool(rewards) and all(isinstance(one, _NUMBERS) or np.shape(one) == (1,) for one in rewards.values())
    return known and set(out[0]) == set(rewards) and set(rewards) <= set(out[2])


def begin(stream: Any, out: Any) -> Tuple[Any, ...]:
    """The first step of a stream says that its environment speaks by agent; what its reset returned did, too."""
    agents = stream.agents = Agents(out)
    stream.declared = len(agents.names)
    stream.autoreset, stream.autoreset_known = "disabled", True  # the script resets, when all of them have ended
    if stream.last is not None:
        stream.last = agents.observation(stream.last)
    if stream.now is not None:
        stream.now = agents.observation(stream.now)
    return agents.step(out)


class Agents:
    """The agents of one environment, in the order in which its first step named them."""

    def __init__(self, out: Any) -> None:
        self.names = tuple(out[0])

    def observation(self, value: Any) -> Any:
        """[N, D] observations, one row for each agent; ValueError where one of them is missing."""
        return np.concatenate([flat(self._of(value, name), 1) for name in self.names])

    def action(self, value: Any) -> Any:
        """[N, ...] actions."""
        return (
            np.array([np.asarray(self._of(value, name)) for name in self.names]) if isinstance(value, dict) else value
        )

    def step(self, out: Any) -> Tuple[Any, ...]:
        """What a vector environment would have returned."""
        rewards = np.array([float(np.asarray(self._of(out[1], name)).reshape(())) for name in self.names])
        flags = (np.array([bool(self._of(part, name)) for name in self.names]) for part in out[2:-1])
        infos = [out[-1].get(name, {}) for name in self.names]
        return (self.observation(out[0]), rewards, *flags, infos)

    def _of(self, values: Dict[Any, Any], name: Any) -> Any:
        if name not in values:
            raise ValueError(
                f"agent {name!r} is missing in what a step or reset returned; expected all of {len(self.names)} agents "
                "until the episode ends for all (agents that leave before the others are not read)"
            )
        return values[name]
