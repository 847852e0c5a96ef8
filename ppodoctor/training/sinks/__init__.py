"""Numbers of a training sent to where people are used to look: each sink is an observer, each package is optional."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Protocol

from ppodoctor.config import ConfigError
from ppodoctor.training.checkpoint import TrainingWarning
from ppodoctor.training.loop import Trainer, Update
from ppodoctor.training.sinks.names import Style, scalars

__all__ = ["Place", "Sink", "Style", "scalars"]


class Place(Protocol):
    """Where numbers go. To add one, write these three methods."""

    name: str

    def open(self, trainer: Trainer, folder: Path) -> None:
        """Training begins, or goes on after `trainer.steps` steps."""
        ...

    def write(self, numbers: dict[str, float], step: int) -> None:
        """The numbers of one update, `step` environment steps after the beginning."""
        ...

    def close(self, status: str) -> None:
        """Training is over: "finished", "stopped", "interrupted" or "crashed"."""
        ...


class Sink:
    """Observer that sends every update to a place. A place that fails is told once, and training goes on without."""

    def __init__(self, place: Place, style: Style = "cleanrl") -> None:
        self.place, self.style = place, style
        self.broken = True
        """Not open, or failed."""

    def begin(self, trainer: Trainer, folder: Path) -> None:
        """Open the place. What does not work there is an error now, before hours of training: raises ConfigError."""
        try:
            self.place.open(trainer, folder)
        except Exception as error:
            raise ConfigError(f"{self.place.name} cannot be opened ({type(error).__name__}: {error})") from error
        self.broken = False

    def __call__(self, trainer: Trainer, update: Update) -> None:
        self._guarded(lambda: self.place.write(scalars(update, self.style), update.step))

    def end(self, trainer: Trainer, status: str) -> None:
        """Close the place."""
        self._guarded(lambda: self.place.close(status))

    def _guarded(self, action: object) -> None:
        if self.broken:
            return
        try:
            action()  # type: ignore[operator]
        except Exception as error:  # a foreign package, perhaps a network: nothing that training should die of
            self.broken = True
            text = f"{self.place.name} failed ({type(error).__name__}: {error}); training goes on without it"
            warnings.warn(text, TrainingWarning, stacklevel=3)


def missing(package: str, what: str, extra: str) -> ConfigError:
    """The error for a package that is not installed."""
    return ConfigError(
        f"{what} needs the package {package}, which is not installed: pip install {package}, "
        f"or pip install 'ppodoctor[{extra}]'"
    )
