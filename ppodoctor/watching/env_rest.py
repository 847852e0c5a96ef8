"""Leaves environment classes alone while nobody wants to know what happens in them.

A wrapper on a method costs about a microsecond in a script whose own work fills the processor's caches, and a step goes
through one at every layer of every environment. Loaded inside the watched process: standard library only, Python 3.9 or
later.
"""

from __future__ import annotations

from typing import Any, List, Sequence, Set, Tuple

from ppodoctor.watching import env_facts
from ppodoctor.watching.env_classes import ClassHook
from ppodoctor.watching.env_halves import Halves
from ppodoctor.watching.env_streams import Streams

_RESTS = 32
"""How often classes may be left alone and taken up again: Python keeps no caches for one that changes too often."""


class Rest:
    """Gives the classes below light streams their own step back, and wraps it again before it matters."""

    def __init__(self, streams: Streams, classes: ClassHook, halves: Halves) -> None:
        self._streams = streams
        self._classes = classes
        self._halves = halves
        self._count = 0

    @property
    def on(self) -> bool:
        """Are classes left alone now?"""
        return self._classes.resting

    def begin(self) -> None:
        """Leave methods alone that nobody wants to know of; not those that the script calls itself.

        A script that never made a step in halves is taken not to begin with it before the next specimen.
        """
        streams = [watched.stream for watched in self._streams.watched if watched.alive]
        if self.on or self._count >= _RESTS or not all(stream.light for stream in streams):
            return
        names = ("step",) if self._halves.used else ("step", "step_async", "step_wait")
        needed = _resolved([stream.owner() for stream in self._streams.by_id.values()], names[:1])
        below: Set[Tuple[type, str]] = set()
        for stream in streams:
            chain = env_facts.layers(stream.owner())
            below |= {(kind, name) for one in chain for kind in type(one).__mro__ for name in names}
            needed |= set() if stream.plain else _resolved(chain[-1:], names)
        self._classes.rest(below - needed)
        self._count += 1
        self._learn_again()

    def end(self) -> None:
        """Watch them again."""
        if self.on:
            self._classes.wake()
            self._learn_again()

    def _learn_again(self) -> None:
        """Other calls will be seen below each step than before."""
        for watched in self._streams.watched:
            if not watched.stream.plain:
                watched.stream.below.forget()


def _resolved(objects: List[Any], names: Sequence[str]) -> Set[Tuple[type, str]]:
    """(class, method) that a call on each of the objects reaches first."""
    found: Set[Tuple[type, str]] = set()
    for family in {type(one).__mro__ for one in objects}:
        for name in names:
            owner = next((kind for kind in family if name in vars(kind)), None)
            found |= set() if owner is None else {(owner, name)}
    return found
