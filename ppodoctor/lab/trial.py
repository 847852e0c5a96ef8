"""What to run, and what came of it: plain data, with a name made of its content."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ppodoctor import __version__
from ppodoctor.config import PPOConfig

FINISHED, FAILED, STOPPED = "finished", "failed", "stopped"
SOURCE_BYTES = 4_000_000
"""A word of a command that names a file of this size or less counts with its content."""


@dataclass(frozen=True)
class Trial:
    """One training: an environment for our trainer, or somebody's command.

    The same content gives the same `key`, in every process and on every machine.
    """

    environment: str = ""
    """A gymnasium id, module:Class or file.py:Class, trained in by our trainer; empty for a command."""
    command: tuple[str, ...] = ()
    """The words of a script's command as it is without changes; empty for our trainer."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Settings of PPOConfig, or flags of the command without their dashes; what is not named stays as it is."""
    seed: int = 1
    steps: int = 0
    """Environment steps to train for; 0 leaves it to the script."""
    seconds: float = 0.0
    """Wall time after which a script is stopped, its episodes until then being the result; 0 for no limit."""

    @property
    def config(self) -> PPOConfig:
        """All settings of our trainer. Raises ConfigError for changes that cannot be."""
        length = {"total_steps": self.steps} if self.steps else {}
        return PPOConfig.from_dict({**self.changes, **length, "seed": self.seed})

    @property
    def key(self) -> str:
        """A name made of everything that decides the result: 16 hexadecimal digits."""
        facts: dict[str, Any] = {"version": __version__}
        if self.command:
            facts |= self.to_dict() | {"files": _digests(self.command)}
        else:
            facts |= {"environment": self.environment, "config": self._all_settings()}
            facts["files"] = _digests((self.environment.partition(":")[0],))
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _all_settings(self) -> dict[str, Any]:
        """As `config.to_dict()`, without a look at every value: keys are made by the thousand."""
        default = _defaults()
        if not self.changes.keys() <= default.keys():
            return self.config.to_dict()  # which refuses the name
        length = {"total_steps": self.steps} if self.steps else {}
        changes = {name: _plain(value) for name, value in self.changes.items()}
        return {**default, **changes, **length, "seed": self.seed}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "changes": {name: _plain(value) for name, value in self.changes.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Trial:
        """What `to_dict` gave."""
        return cls(**{**data, "command": tuple(data["command"])})


@dataclass(frozen=True)
class TrialResult:
    """What one trial came to."""

    key: str
    status: str
    """finished, failed, or stopped where it was not worth going on with: its objective is what it had until then."""
    objective: float | None = None
    """Mean return of the episodes that ended in the last part of training; None where none ended."""
    curve: tuple[tuple[float, float], ...] = ()
    """(environment steps, mean return of the episodes that ended up to there since the point before)."""
    episodes: int = 0
    steps: int = 0
    """Environment steps taken."""
    seconds: float = 0.0
    """Wall time of the training alone."""
    by: str = ""
    """What trained: core, dense, torch or script."""
    reason: str = ""
    """Why it failed or was stopped, in a sentence."""

    @property
    def ok(self) -> bool:
        """Is there an objective?"""
        return self.status == FINISHED and self.objective is not None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrialResult:
        """What `to_dict` gave, by way of JSON or not."""
        return cls(**{**data, "curve": tuple((float(x), float(y)) for x, y in data["curve"])})


@functools.cache
def _defaults() -> dict[str, Any]:
    return PPOConfig().to_dict()


def failed(trial: Trial, reason: str, *, seconds: float = 0.0, by: str = "") -> TrialResult:
    """The result of a trial that died."""
    return TrialResult(trial.key, FAILED, seconds=seconds, by=by, reason=reason)


def _digests(words: tuple[str, ...]) -> dict[str, str]:
    """The content of the files among these words: a script that was edited is another trial."""
    found = {}
    for word in words:
        path = Path(word)
        try:
            if path.suffix and path.is_file() and path.stat().st_size <= SOURCE_BYTES:
                found[word] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        except OSError:
            continue
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
