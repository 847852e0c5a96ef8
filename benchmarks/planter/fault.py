"""What a planted fault is, and how the faults are found: every module of the folder `faults` defines one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from .source import Source

Plant = Callable[[Source], None]
Table = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Fault:
    """A fault and the ways to plant it.

    Attributes:
        id: the check that should name it; reads after "in this run".
        family: update, advantage, data, env, reward, config, exploration or network.
        numbers: its numbers in the project's list of faults.
        kind: `exact` when one update's tensors prove it, `statistical` when curves have to be judged.
        plant: a change that works by the shape of the code, for every script that has the `needs`.
        needs: traits a script must have for `plant`.
        unless: scripts that `plant` would change without making them wrong, by name.
        edits: text changes by script, used in place of `plant` for the scripts that it names.
        also: other checks that describe the same fault as truly.
        seconds: watched for so long, whatever the script's own number of updates, since the fault changes what one is.
        heldout_plant: another parameterisation, used in the held-out half in place of `plant`.
        heldout: whether the fault as a whole is kept out of the development half.
    """

    id: str
    family: str
    numbers: tuple[int, ...]
    kind: Literal["exact", "statistical"]
    plant: Plant | None = None
    needs: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    edits: Table | None = None
    also: tuple[str, ...] = ()
    seconds: int | None = None
    heldout_plant: Plant | None = None
    heldout: bool = False

    def applies_to(self, name: str, traits: frozenset[str]) -> bool:
        """Whether this fault can be planted in a script of this name and these traits."""
        if self.edits is not None and name in self.edits:
            return True
        return self.plant is not None and self.needs <= traits and name not in self.unless

    def apply(self, source: Source, name: str, *, heldout: bool = False) -> None:
        """Plants the fault in place; raises `PlantError` when its construct is missing."""
        if self.edits is not None and name in self.edits:
            for old, new in self.edits[name]:
                source.replace(old, new)
            return
        plant = self.heldout_plant if heldout and self.heldout_plant is not None else self.plant
        assert plant is not None, f"{self.id} has no way into {name}"
        plant(source)


@cache
def faults() -> dict[str, Fault]:
    """Every fault by the name of its module."""
    package = importlib.import_module("planter.faults")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"planter.faults.{name}").FAULT for name in names}
