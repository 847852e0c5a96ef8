"""One training from its first update to its last, or to a signal or an error: all of it written, nothing half."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from signal import SIGINT
from typing import Any

from ppodoctor.training import checkpoint
from ppodoctor.training.checkpoint import CheckpointError, Checkpoints, TrainingWarning
from ppodoctor.training.envs import EnvironmentFault
from ppodoctor.training.learner import TrainingError, first_bad
from ppodoctor.training.loop import Trainer
from ppodoctor.training.observe import Observer, begin_all, end_all, show_all
from ppodoctor.training.run_writer import RunWriter
from ppodoctor.training.signals import stopped_by_signals
from ppodoctor.training.tree import leaves


def with_checkpoints(observers: Sequence[Observer], origin: dict[str, Any]) -> list[Observer]:
    """The observers, and one that saves if there is none; it learns what the run was started with."""
    found = list(observers)
    savers = [one for one in found if isinstance(one, Checkpoints)]
    if not savers:
        savers = [Checkpoints()]
        found += savers
    for saver in savers:
        saver.origin = origin
    return found


def run_to_end(trainer: Trainer, writer: RunWriter, observers: Sequence[Observer] = ()) -> int:
    """Iterate a trainer, writing every update; the run folder is closed whatever happens.

    Returns the signal that ended it, or 0. Raises what training raises, TrainingError with what is left said.
    """
    status, reason, signal = "crashed", "", 0
    trainer.every = not all(getattr(one, "skips", False) for one in observers)
    with stopped_by_signals(trainer.stop) as caught:
        try:
            begin_all(observers, trainer, writer.recorder.folder)
            _iterate(trainer, writer, observers)
            status, reason = ("stopped", trainer.stopping) if trainer.stopping else ("finished", "")
            signal = caught[0] if caught and trainer.stopping else 0
        except KeyboardInterrupt:
            # a second one, in the middle of an update: what was saved last is what can be gone on with
            status, reason = "interrupted", trainer.stopping or "stopped by Ctrl-C"
            trainer.stop(reason)
            signal = caught[0] if caught else SIGINT
        except (TrainingError, EnvironmentFault) as error:
            where = _bad_in_rollout(trainer) if isinstance(error, TrainingError) else ""
            reason = f"{error}{where} {_what_is_left(trainer, observers)}"
            raise type(error)(reason) from error
        except BaseException as error:
            reason = f"{type(error).__name__}: {error}"
            raise
        finally:
            end_all(observers, trainer, status)
            writer.close("stopped" if status == "interrupted" else status, reason)
    return signal


def _iterate(trainer: Trainer, writer: RunWriter, observers: Sequence[Observer]) -> None:
    told = False
    for update in trainer.run():
        writer.write(update)
        show_all(observers, trainer, update)
        if writer.recorder.problem and not told:
            told = True
            warnings.warn(f"{writer.recorder.problem}; training goes on", TrainingWarning, stacklevel=3)


def _bad_in_rollout(trainer: Trainer) -> str:
    """The first tensor of the last rollout that is not finite, in the order in which one comes of the other."""
    rollout = trainer.collector.kept
    if rollout is None:
        return ""
    given = {
        f"{name}{number or ''}": leaf
        for name in ("observation", "action", "reward", "log_prob", "value")
        for number, leaf in enumerate(leaves(getattr(rollout, name)))
        if leaf.dtype.kind == "f"
    }
    bad = first_bad(given)
    return f" The first bad tensor of the rollout is its {bad}." if bad else " Nothing is wrong in the rollout itself."


def _what_is_left(trainer: Trainer, observers: Sequence[Observer]) -> str:
    """What can be used after a failure; where the weights are spoiled, the last good ones take their place."""
    last = next((one.last for one in observers if isinstance(one, Checkpoints) and one.last is not None), None)
    if last is None:
        return "No checkpoint had been written yet."
    text = f"The last good checkpoint is kept: {last}"
    if first_bad(trainer.learner.tensors()):
        try:
            trainer.restore(checkpoint.read(last)["trainer"])
            text += ", and policy.safetensors holds its weights"
        except CheckpointError as error:
            text = str(error)
    return f"{text}."
