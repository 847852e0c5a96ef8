"""Leaves environment classes alone while nobody wants to know what happens in them.

A wrapper on a method costs about a microsecond in a script whose own work fills the processor's caches, and a step goes
through one at every layer of every environment. Loaded inside the watched process: standard library only, Python 3.9 or
later.
"""

from __future__ import annotations

from typing import Any, List, Set

from ppodoctor.watching import env_facts
from ppodoctor.watching.env_classes import ClassHook
from ppodoctor.watching.env_streams import Streams

_RESTS = 32
"""How often classes may be left alone and taken up again: Python keeps no caches for one that changes too often."""


class Rest:
    """Gives the classes below light streams their own step back, and wraps it again before it matters."""

    def __init__(self, streams: Streams, classes: ClassHook) -> None:
        self._streams = streams
        self._classes = classes
        self._count = 0

    @property
    def on(self) -> bool:
        """Are classes left alone now?"""
        return self._classes.resting

    def begin(self) -> None:
        """Leave classes below alone whose steps nobody wants to know of; not those of what the script steps itself."""
        streams = [watched.stream for watched in self._streams.watched if watched.alive]
        if self.on or self._count >= _RESTS or not all(stream.light for stream in streams):
            return
        needed = [stream.owner() for stream in self._streams.by_id.values()]
        below: List[Any] = []
        for stream in streams:
            chain = env_facts.layers(stream.owner())
            below += chain[1:]
            needed += [] if stream.plain else chain[-1:]
        self._classes.rest(_families(below) - _families(needed))
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


def _families(objects: List[Any]) -> Set[type]:
    """The classes of some objects, with what they inherit from."""
    return {kind for one in objects for kind in type(one).__mro__}
