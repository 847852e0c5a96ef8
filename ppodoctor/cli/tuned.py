"""The half of `ppodoctor tune` that works: a folder, the study, its progress, what it came to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ppodoctor.cli.folders import new_folder, script_stem
from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import UsageError
from ppodoctor.config import ConfigError
from ppodoctor.lab import Executor, LabError, Stop, Trial, TrialResult
from ppodoctor.lab.cluster import Cluster
from ppodoctor.lab.flags import as_text, unknown_flag
from ppodoctor.lab.lab import cores
from ppodoctor.reporting import tuning_html, tuning_terminal
from ppodoctor.reporting.terminal import make_console
from ppodoctor.tuning.outcome import Outcome, outcome_of, write_winner
from ppodoctor.tuning.spec import FILE, FRESH, Spec
from ppodoctor.tuning.study import Study

if TYPE_CHECKING:
    from ppodoctor.cli.tune_options import ClusterOptions


@dataclass(frozen=True)
class Ways:
    """How a study is carried out, whatever it searches."""

    minutes: float | None
    workers: int
    cluster: ClusterOptions
    show: ShowOptions


def carry_out(spec: Spec, out: Path | None, ways: Ways) -> int:
    """A new study, or the same command again: then it goes on. Returns the exit status."""
    folder = _folder(spec, out)
    try:
        return _study(folder, spec, ways)
    except ConfigError as error:
        raise UsageError(as_sentence(error) + _hint(spec)) from None
    finally:
        _clear_away(folder)


def go_on(folder: Path, trials: int | None, storage: str | None, ways: Ways) -> int:
    """Go on with the study in a folder."""
    try:
        spec = Spec.load(folder)
    except LabError as error:
        raise UsageError(as_sentence(error)) from None
    spec = replace(spec, trials=trials or spec.trials, storage=storage or spec.storage)
    return _study(folder, spec, ways)


def _folder(spec: Spec, out: Path | None) -> Path:
    if out is not None and (out / FILE).exists():
        if Spec.load(out) != Spec.from_dict(json.loads(json.dumps(spec.to_dict()))):
            raise UsageError(f"{out} holds another study. Go on with it by --resume {out}, or choose another folder.")
        return out
    word = script_stem(spec.command) if spec.command else spec.environment.rpartition(":")[2]
    folder, remark = new_folder([f"tune-{word}"], out)
    if remark:
        print(f"ppodoctor: {remark}", file=sys.stderr)
    return folder


def _clear_away(folder: Path) -> None:
    """A folder in which nothing was written is no study."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _study(folder: Path, spec: Spec, ways: Ways) -> int:
    stop, show = Stop(None if ways.minutes is None else 60 * ways.minutes), ways.show
    try:
        with _executor(folder, ways) as executor:
            tell = None if show.quiet else Progress()
            study = Study(folder, spec, workers=ways.workers, tell=tell, executor=executor)
            try:
                if not show.quiet:
                    _say(f"tuning in {folder}; Ctrl-C leaves everything for `ppodoctor tune --resume {folder}`")
                with stop.on_signals():
                    study.run(stop)
                outcome = outcome_of(study)
            finally:
                study.close()
    except LabError as error:
        raise UsageError(as_sentence(error)) from None
    _tell(outcome, show)
    if stop.signal:
        _say(f"stopped with {outcome.trials} trials done: `ppodoctor tune --resume {folder}` goes on")
        return 128 + stop.signal
    return 0


@contextmanager
def _executor(folder: Path, ways: Ways) -> Iterator[Executor | None]:
    """The cluster that was asked for, with what is to be said of it; None for this machine."""
    wanted = ways.cluster
    if not wanted.wanted:
        yield None
        return
    from ppodoctor.lab.remote import Needs, RayExecutor

    if wanted.ray_address is not None:
        cluster = Cluster.join(wanted.ray_address)
    else:
        listen = wanted.ray_listen or ""
        cluster = Cluster.start(cpus=ways.workers or cores(), listen=listen, token_folder=folder if listen else None)
    try:
        for sentence in cluster.warnings:
            _say(sentence)
        yield RayExecutor(cluster, Needs(wanted.trial_cpus, wanted.trial_gpus, wanted.trial_memory * 1e9))
    finally:
        cluster.close()


class Progress:
    """One line for each trial that ended."""

    def __init__(self) -> None:
        self.count = 0
        self.best = float("-inf")

    def __call__(self, trial: Trial, result: TrialResult) -> None:
        self.count += 1
        if result.objective is not None and trial.seed < FRESH:
            self.best = max(self.best, result.objective)
        what = " ".join(f"{name}={as_text(value)}" for name, value in trial.changes.items()) or "as it is"
        came = f"return {result.objective:.4g}" if result.objective is not None else f"failed: {result.reason}"
        seed = "" if trial.seed == 1 else f", {'fresh ' if trial.seed >= FRESH else ''}seed {trial.seed}"
        _say(f"trial {self.count}: {what}{seed}: {came} ({result.seconds:.1f} s, best {self.best:.4g})")


def _tell(outcome: Outcome, show: ShowOptions) -> None:
    stream = sys.stderr if show.json == "-" else sys.stdout
    write_winner(outcome)
    text = json.dumps(outcome.to_dict(), indent=1) + "\n"
    (outcome.folder / "tune.json").write_text(text, encoding="utf-8")
    page = outcome.folder / "tune.html"
    page.write_text(tuning_html.render(outcome), encoding="utf-8")
    tuning_terminal.render(outcome, make_console(stream), page, quiet=show.quiet)
    if show.json == "-":
        sys.stdout.write(text)
    elif show.json is not None:
        try:
            Path(show.json).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"Cannot write the JSON to {show.json} ({error.strerror}).") from None


def _hint(spec: Spec) -> str:
    """Where a script does not know a flag, that is why it failed."""
    unknown = unknown_flag(spec.command, [axis.name for axis in spec.space]) if spec.command else ""
    return f" {unknown}." if unknown else ""


def as_sentence(error: Exception) -> str:
    """An error's text with a full stop, where it has no mark of its own."""
    text = str(error)
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _say(sentence: str) -> None:
    print(f"ppodoctor: {sentence}", file=sys.stderr, flush=True)
