"""Weights & Biases, online or offline."""

from __future__ import annotations

import os
import secrets
import warnings
from pathlib import Path
from typing import Any

from ppodoctor.training.checkpoint import TrainingWarning
from ppodoctor.training.loop import Trainer
from ppodoctor.training.sinks import missing

IDENTITY = "wandb-id"
"""File of the run folder with the id at Weights & Biases, so that a run that is gone on with stays one run."""


class WeightsAndBiases:
    """A place for `Sink`.

    WANDB_MODE=offline records below the run folder only, and `wandb sync` sends it later. Without that variable and
    without a login it is recorded offline too, and said so.
    """

    name = "Weights & Biases"

    def __init__(self, project: str) -> None:
        try:
            import wandb
        except ImportError:
            raise missing("wandb", "--wandb", "wandb") from None
        self._wandb: Any = wandb
        self.project = project
        self._run: Any = None

    def open(self, trainer: Trainer, folder: Path) -> None:
        """Begin a run there, or go on with it."""
        mode = os.environ.get("WANDB_MODE") or self._mode(folder)
        self._run = self._wandb.init(
            project=self.project,
            name=folder.name,
            id=_identity(folder, anew=not trainer.steps),
            resume="allow",
            dir=str(folder),
            config=trainer.config.to_dict(),
            mode=mode,
            settings=self._wandb.Settings(silent=True),
        )
        # the names of an update are charted over environment steps, not over the number of calls
        self._run.define_metric("global_step")
        self._run.define_metric("*", step_metric="global_step")

    def write(self, numbers: dict[str, float], step: int) -> None:
        """One row."""
        self._run.log({**numbers, "global_step": step})

    def close(self, status: str) -> None:
        """Send what is left."""
        self._run.finish(exit_code=int(status == "crashed"))

    def _mode(self, folder: Path) -> str:
        if os.environ.get("WANDB_API_KEY") or _logged_in(self._wandb):
            return "online"
        warnings.warn(
            f"nobody is logged in to Weights & Biases, so it records offline. To send it later: "
            f"wandb login && wandb sync {folder / 'wandb'}/offline-run-*",
            TrainingWarning,
            stacklevel=2,
        )
        return "offline"


def _logged_in(wandb: Any) -> bool:
    try:
        return bool(wandb.login(prompt=False))
    except TypeError:  # before 0.31
        return bool(wandb.api.api_key)


def _identity(folder: Path, *, anew: bool) -> str:
    """The run's id there, kept in the run folder."""
    path = folder / IDENTITY
    if not anew and path.exists():
        return path.read_text(encoding="utf-8").strip()
    made = secrets.token_hex(4)
    path.write_text(made + "\n", encoding="utf-8")
    return made
