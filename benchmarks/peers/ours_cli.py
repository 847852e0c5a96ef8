"""`ppodoctor train CartPole-v1` itself, with a judge who looks on: `ours_cli.py solve SEED | start`.

Everything is as on the command line, the settings of the preset included; the judge is one more observer, whose own
time is kept apart. It looks more often than progress does: a call of the core lasts 0.01 s here in place of 0.2.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from judging import Judge, answer, since_start

from ppodoctor.cli import main as command
from ppodoctor.cli import training


class Look:
    """Answers when the policy solves the task, or at the first update."""

    skips = True

    def __init__(self, seed: int | None) -> None:
        self.seed, self.judge = seed, Judge(lambda seen: [], seed or 0)

    def begin(self, trainer: Any, folder: Any) -> None:
        """Training begins."""
        self.judge.act = trainer.learner.whole.predict

    def __call__(self, trainer: Any, update: Any) -> None:
        if self.seed is None or self.judge.solved(update.step):
            answer(seconds=since_start() - self.judge.spent, steps=update.step)
            os._exit(0)

    def end(self, trainer: Any, status: str) -> None:
        """Training is over, and nothing was solved."""
        answer(missing=f"not solved in {trainer.steps:,} steps")
        os._exit(0)


def main() -> None:
    kind, *rest = sys.argv[1:]
    look = Look(int(rest[0]) if kind == "solve" else None)
    given = training.progress

    @contextlib.contextmanager
    def progress(*words: Any, **more: Any) -> Iterator[list[Any]]:
        with given(*words, **more) as observers:
            if kind == "solve":
                from ppodoctor.training import native

                native.CALL_SECONDS = 0.01
            yield [*observers, look]

    training.progress = progress
    command(["train", "CartPole-v1", "--out", "run", *(["--seed", rest[0]] if rest else [])])


if __name__ == "__main__":
    main()
