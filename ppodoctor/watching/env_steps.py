"""Counts the environment steps between two updates; of most of them nobody hears one by one.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import time
from typing import Any

_LOOK_EVERY = 512
"""Environment steps between two looks at what is held."""
_IDLE, _IDLE_SECONDS = 31, 0.02
"""Steps of the environment that nobody hears of where one takes less time: a stop waits for that long, and most of what
an uneventful step costs is saved."""


_ACTED = 32
"""Calls of layers without a gradient since the last optimizer step: a rollout, where no environment is seen."""


class EnvSteps:
    """`env` is the environment tap, which counts the steps that it does not tell of; `layers` count their calls."""

    def __init__(self, env: Any, layers: Any) -> None:
        self._env = env
        self._layers = layers
        self.any = False
        """Has there been a step since the last update began?"""
        self.since = 0
        self.rollout = 0
        """Steps before the update that is running."""
        self._next_look = _LOOK_EVERY
        self._heard = 0.0

    def step(self, *, each: bool) -> bool:
        """One more step, of which the tap told. `each`: it is to tell of the next, too. Says whether to look around."""
        self.any = True
        self._count(1)
        now = time.perf_counter()
        self._env.idle = 0 if each or now - self._heard >= _IDLE_SECONDS else _IDLE
        self._heard = now
        if self.since < self._next_look:
            return False
        self._next_look = self.since + _LOOK_EVERY
        return True

    @property
    def unseen(self) -> bool:
        """Has no environment taken a step that could be seen?"""
        return not self._env.streams.watched

    def came(self) -> bool:
        """Was there a rollout since the last update began? Where no environment is seen, the network's calls tell."""
        return self.any or (self.unseen and self._layers.acted >= _ACTED)

    def begin_update(self) -> None:
        """The steps so far were a rollout."""
        self._count(0)
        self.any = False
        self.rollout, self.since, self._next_look = self.since, 0, _LOOK_EVERY

    def _count(self, new: int) -> None:
        self.since += new + self._env.unheard
        self._env.unheard = 0
