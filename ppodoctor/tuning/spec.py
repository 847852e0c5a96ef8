"""What a study is: its search, its trials, its seeds. Plain data, kept as study.json."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ppodoctor.lab import LabError, Trial
from ppodoctor.lab.postgres import without_password
from ppodoctor.tuning.space import Axis, Space

FILE = "study.json"
APART = 1000
"""Between two seeds: environment i of a training is seeded with seed + i."""
FRESH = 1_000_000
"""The first seed of the last comparison: no seed of the search is ever one of it."""


@dataclass(frozen=True)
class Spec:
    """What is searched, and how: everything that decides what a study comes to."""

    space: Space
    environment: str = ""
    command: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Settings that every trial of ours has."""
    method: str = "grid"
    steps: int = 50_000
    """Environment steps of a trial of ours; a script has its own length."""
    trial_seconds: float = 0.0
    """After which a script is stopped; 0 for never."""
    trials: int = 0
    """Settings to try; 0 as many as the method has, the time allows, or TRIALS."""
    fresh_seeds: int = 5
    """Seeds of the last comparison."""
    stop_early: bool = False
    """End a trial of the search that is behind most others of its seed, frozen, or broken beyond repair."""
    halving: bool = False
    """Try settings in short trainings first, the best third of them in longer ones, the best third of those whole."""
    seed: int = 0
    storage: str = ""
    """URL of a PostgreSQL database in which the folder's name is the study's; empty for a file in the folder. A
    password in it is never written down."""

    def trial(self, settings: Mapping[str, Any], seed: int, part: int = 1) -> Trial:
        """The trial of these settings and this seed, or one of a part of its length."""
        if self.command:
            return Trial(command=self.command, changes=settings, seed=seed, seconds=self.trial_seconds)
        return Trial(self.environment, changes={**self.fixed, **settings}, seed=seed, steps=max(self.steps // part, 1))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"storage": without_password(self.storage)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spec:
        """What `to_dict` gave, by way of JSON."""
        axes = [Axis(**{**one, "choices": tuple(map(hashable, one["choices"]))}) for one in data["space"]]
        return cls(**{**data, "space": tuple(axes), "command": tuple(data["command"])})

    def save(self, folder: Path) -> None:
        """Write study.json, atomically."""
        partial = folder / f".{FILE}"
        partial.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        os.replace(partial, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Spec:
        """Read study.json. Raises LabError where there is none."""
        try:
            return cls.from_dict(json.loads((folder / FILE).read_text(encoding="utf-8")))
        except OSError:
            raise LabError(f"{folder} holds no study; --resume takes the folder of an earlier one") from None
        except (ValueError, KeyError, TypeError) as error:
            raise LabError(f"{folder / FILE} cannot be read: {error}") from None


@dataclass(frozen=True)
class Candidate:
    """One setting and what its trials came to."""

    settings: dict[str, Any]
    scores: tuple[float, ...]
    """Objective of each seed of the search."""
    reason: str = ""
    """Why it failed, where it did."""
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """Mean over its seeds."""
        return statistics.fmean(self.scores)

    stopped: bool = False
    """Was one of its trials not trained to its end? Then its score is what it had, and it cannot win."""

    @property
    def failed(self) -> bool:
        """Did one of its trials die?"""
        return bool(self.reason) and not self.stopped

    @property
    def whole(self) -> bool:
        """Were all of its trials trained to their end?"""
        return not self.reason


def search_seed(number: int) -> int:
    """The seeds of the search."""
    return 1 + APART * number


def fresh_seed(number: int) -> int:
    """The seeds of the last comparison."""
    return FRESH + APART * number


def hashable(value: Any) -> Any:
    """A value as JSON gives it, as settings have it."""
    return tuple(value) if isinstance(value, list) else value
