"""Seeds a script from outside: what it seeds itself is shifted, what it leaves to chance is seeded.

So a script with `seed=1` written into it has as many seeds as a study needs, and one without any repeats itself. The
same number gives the same numbers in every arm of a study, up to where the arms themselves draw differently.
"""

from __future__ import annotations

import os
import random
import sys

import ppodoctor_imports  # type: ignore[import-not-found]

TYPE_CHECKING = False  # spares the unrelated interpreters of a command the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

APART = 1_000_003
"""Between the shifts of two seeds; scripts seed neighbouring environments with neighbouring numbers."""
LIMIT = 2**32


class Seeds:
    """One process's seeds."""

    def __init__(self, seed: int) -> None:
        self.shift = seed * APART
        self.count = 0
        self.child = _is_child()
        """A worker process: several of them draw alike where each is seeded alike, so only given seeds are shifted."""

    def given(self, seed: Any) -> Any:
        """The seed to take where the script gives this one, None for none."""
        if isinstance(seed, bool) or not (seed is None or hasattr(seed, "__index__")):
            return seed
        if seed is None:
            if self.child:
                return None
            self.count += 1
            return (self.shift + 7919 * self.count) % LIMIT
        return (int(seed) + self.shift) % LIMIT if int(seed) >= 0 else seed

    def shifted(self, function: Callable[..., Any], *, unseeded: bool) -> Callable[..., Any]:
        """A function of a seed, called with the one to take; without any only where `unseeded`."""

        def call(*arguments: Any, **named: Any) -> Any:
            name = next((key for key in ("seed", "a") if key in named), None)
            if arguments:
                arguments = (self._one(arguments[0], unseeded), *arguments[1:])
            elif name is not None:
                named[name] = self._one(named[name], unseeded)
            elif unseeded and not self.child:
                arguments = (self.given(None),)
            return function(*arguments, **named)

        call.__name__, call.__doc__ = getattr(function, "__name__", "seed"), function.__doc__
        call.__wrapped__ = function  # type: ignore[attr-defined]
        return call

    def _one(self, seed: Any, unseeded: bool) -> Any:
        return self.given(seed) if unseeded or seed is not None else seed

    def into_random(self) -> None:
        """The standard library's own generator."""
        if not self.child:
            random.seed(self.shift)
        random.seed = self.shifted(random.seed, unseeded=False)

    def into_numpy(self, module: ModuleType) -> None:
        """The global generator of numpy.random, and those made by default_rng."""
        if not self.child:
            module.seed(self.shift % LIMIT)
        module.seed = self.shifted(module.seed, unseeded=False)  # type: ignore[attr-defined]
        module.default_rng = self.shifted(module.default_rng, unseeded=True)  # type: ignore[attr-defined]

    def into_torch(self, module: ModuleType) -> None:
        """Torch's generators."""
        if not self.child:
            module.manual_seed(self.shift % LIMIT)
        module.manual_seed = self.shifted(module.manual_seed, unseeded=False)  # type: ignore[attr-defined]

    def into_gymnasium(self, module: ModuleType) -> None:
        """Generators of environments and spaces, which are made by one function."""
        module.np_random = self.shifted(module.np_random, unseeded=True)  # type: ignore[attr-defined]


def start(seed: int) -> None:
    """Seed this process; what is imported later is changed as it comes."""
    seeds = Seeds(seed)
    seeds.into_random()
    ppodoctor_imports.change_when_loaded(
        {
            "numpy.random": seeds.into_numpy,
            "torch": seeds.into_torch,
            "gymnasium.utils.seeding": seeds.into_gymnasium,
            "gym.utils.seeding": seeds.into_gymnasium,
        }
    )
    if hasattr(os, "register_at_fork"):

        def become_child() -> None:
            seeds.child = True

        os.register_at_fork(after_in_child=become_child)


def _is_child() -> bool:
    """Was this interpreter started by multiprocessing?"""
    words = getattr(sys, "orig_argv", None) or sys.argv  # since Python 3.10
    return "--multiprocessing-fork" in words or any("multiprocessing.forkserver import" in word for word in words)
