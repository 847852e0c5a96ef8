"""Steps that the script makes in two halves: step_async hands over the actions, step_wait brings what came of them.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Dict

from ppodoctor.watching.env_values import kept


class Halves:
    """Joins the two into one step of the tap."""

    def __init__(self, tap: Any) -> None:
        self._tap = tap
        self.used = False
        """Has the script ever made a step in halves?"""
        self._pending: Dict[int, Any] = {}

    def step_async(self, env: Any, args: Any, kwargs: Any) -> None:
        """The script hands over actions that a later step_wait takes."""
        self.used = True
        if self._tap.watches:
            self._pending[id(env)] = kept(args[0] if args else next(iter(kwargs.values()), None))

    def step_wait(self, door: Any, fn: Any, env: Any, args: Any, kwargs: Any) -> Any:
        """The second half."""
        action = self._pending.pop(id(env), None)
        return self._tap.outer_step(
            door, lambda env, _, *rest, **named: fn(env, *rest, **named), env, (action, *args), kwargs
        )
