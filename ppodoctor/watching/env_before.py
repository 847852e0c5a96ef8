"""What happened to objects before they were stepped: the line that made them, resets as a part of another object's.

Loaded inside the watched process: standard library only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from ppodoctor.records import Site

_MADE = 4096


class Made:
    """The lines at which the script made its environment objects; the latest few thousand."""

    def __init__(self) -> None:
        self._sites: Dict[int, Tuple[type, Optional[Site]]] = {}

    def add(self, env: Any, site: Optional[Site]) -> None:
        """`env` was made there."""
        if len(self._sites) >= _MADE:
            self._sites.clear()
        self._sites[id(env)] = (type(env), site)

    def at(self, env: Any) -> Optional[Site]:
        """Where; an id may have been used again for an object of another class."""
        kind, site = self._sites.get(id(env), (None, None))
        return site if kind is type(env) else None


class FirstResets:
    """What resets of objects not stepped yet did below: the script may step what is below them instead.

    Kept until such an object is stepped or an update begins.
    """

    def __init__(self) -> None:
        self._below: Dict[int, List[Any]] = {}

    def remember(self, env: Any, trace: List[Any]) -> None:
        """The calls below a reset of `env`."""
        self._below[id(env)] = [entry for entry in trace if entry[1] is not env]

    def stepped(self, env: Any) -> None:
        """It is stepped for the first time: nobody will ask what its reset did below."""
        self._below.pop(id(env), None)

    def clear(self) -> None:
        """Forget all."""
        self._below.clear()

    def of(self, env: Any) -> Iterator[Any]:
        """What the resets of `env` returned that were parts of another object's."""
        for trace in self._below.values():
            for _, owner, args, out in trace:
                if owner is env and args is None:
                    yield out
