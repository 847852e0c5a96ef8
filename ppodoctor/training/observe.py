"""Whoever looks on while training: checkpoints, progress, sinks, and observers of your own.

An observer is called as `observer(trainer, update)` after every update. It may look, save, or end the training by
`trainer.stop(reason)`. Two more methods are called where it has them: `begin(trainer, folder)` before the first update,
and `end(trainer, status)` after the last one, whatever happened; `status` is "finished", "stopped", "interrupted" (in
the middle of an update) or "crashed". The arrays of an update are overwritten by the next one.

An observer with a true attribute `skips` does without some updates: where nobody wants each of them, the compiled core
makes several in one call. The update that is shown then tells of all episodes since the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ppodoctor.training.loop import Trainer, Update

Observer = Callable[[Trainer, Update], None]


def begin_all(observers: Sequence[Observer], trainer: Trainer, folder: Path) -> None:
    """Tell everybody that training begins, in this run folder."""
    for observer in observers:
        begin = getattr(observer, "begin", None)
        if begin is not None:
            begin(trainer, folder)


def show_all(observers: Sequence[Observer], trainer: Trainer, update: Update) -> None:
    """Show everybody an update."""
    for observer in observers:
        observer(trainer, update)


def end_all(observers: Sequence[Observer], trainer: Trainer, status: str) -> None:
    """Tell everybody that training is over, one by one even if one of them fails."""
    failed: Exception | None = None
    for observer in observers:
        end = getattr(observer, "end", None)
        try:
            if end is not None:
                end(trainer, status)
        except Exception as error:
            failed = failed or error
    if failed is not None:
        raise failed
