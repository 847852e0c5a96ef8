"""One training from the command line: progress, warnings and errors as sentences, the diagnosis at the end."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import CAUSE_STATUS, UsageError, status_of
from ppodoctor.cli.train_options import MoreOptions
from ppodoctor.config import ConfigError, PPOConfig

if TYPE_CHECKING:
    from ppodoctor.training.train import Result

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


@contextmanager
def in_words() -> Iterator[None]:
    """Errors of training as sentences, warnings of it as lines on standard error."""
    from ppodoctor.training.checkpoint import CheckpointError, TrainingWarning
    from ppodoctor.training.envs import EnvironmentFault
    from ppodoctor.training.learner import TrainingError
    from ppodoctor.training.policy_file import PolicyFileError

    def show(message: Warning | str, category: type[Warning], *rest: Any) -> None:
        if issubclass(category, TrainingWarning):
            text = str(message)
            line_break = "\n" if sys.stderr.isatty() else ""
            print(f"{line_break}ppodoctor: {text[:1].upper()}{text[1:].rstrip('.')}.", file=sys.stderr, flush=True)
        else:
            before(message, category, *rest)

    before = warnings.showwarning
    warnings.showwarning = show  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show  # type: ignore[assignment]
            warnings.simplefilter("always", TrainingWarning)
            yield
    except (CheckpointError, ConfigError, EnvironmentFault, PolicyFileError, TrainingError) as error:
        raise UsageError(str(error)) from None
    finally:
        warnings.showwarning = before


@contextmanager
def progress(folder: Path, config: PPOConfig, *, quiet: bool, verb: str = "training") -> Iterator[list[Any]]:
    """Observers that show how far a training is."""
    from ppodoctor.training.progress import Progress

    if quiet:
        yield []
        return
    alive = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    view = Progress(sys.stderr, config, alive=alive)
    print(f"ppodoctor: {verb}, recording into {folder}", file=sys.stderr, flush=True)
    try:
        yield [view]
    finally:
        view.close()


def sinks(more: MoreOptions) -> list[Any]:
    """Observers that send the numbers elsewhere. Raises ConfigError where a package is missing."""
    from ppodoctor.training.sinks import Sink

    found = []
    if more.tensorboard:
        from ppodoctor.training.sinks.tensorboard import TensorBoard

        found.append(Sink(TensorBoard(), more.names))
    if more.wandb:
        from ppodoctor.training.sinks.wandb import WeightsAndBiases

        found.append(Sink(WeightsAndBiases(more.wandb), more.names))
    return found


def train_new(
    environment: str, config: PPOConfig, out: Path | None, run: Callable[[Path], Result], stem: str = ""
) -> Result:
    """Train into a new folder, which is taken away again where nothing came of it."""
    from ppodoctor.cli.folders import new_folder
    from ppodoctor.training.train import name_of

    folder, remark = new_folder([stem or name_of(environment)], out)
    if remark:
        print(f"ppodoctor: {remark}", file=sys.stderr)
    try:
        return run(folder)
    finally:
        if not any(path.is_file() for path in folder.rglob("*")):
            _remove(folder)


def _remove(folder: Path) -> None:
    """A folder in which nothing was written is no run."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir()
    folder.rmdir()


def tell_stopped(result: Result) -> int:
    """One sentence on where a run was left and how to go on; the exit status that shells know for the signal."""
    facts = result.policy.facts
    print(
        f"ppodoctor: stopped by {NAMES.get(signal.Signals(result.signal), result.stopped)} after {facts['steps']:,} "
        f"steps, and everything is saved: `ppodoctor train --resume {result.folder}` goes on, "
        f"`ppodoctor diagnose {result.folder}` says what was seen.",
        file=sys.stderr,
    )
    return 128 + result.signal


def tell_diagnosis(result: Result, show: ShowOptions) -> int:
    """The diagnosis of the run, as `ppodoctor diagnose RUN` tells it."""
    from ppodoctor.cli.telling import tell
    from ppodoctor.diagnosis import diagnose
    from ppodoctor.reporting.report import build_report
    from ppodoctor.run import Run
    from ppodoctor.watching.baseline import measure_baselines

    if result.policy.facts["environment"]:
        measure_baselines(result.folder, [sys.executable], seconds=1.0)
    run = Run.load(result.folder)
    report = build_report(run, diagnose(run))
    tell(report, result.folder, show)
    if not show.quiet:
        print("One seed proves little: --seeds 5 trains five and gives an interval.", file=sys.stderr)
    # a short run is often undecided, and did all the same what was asked for
    return CAUSE_STATUS if status_of(report.verdict) == CAUSE_STATUS else 0
