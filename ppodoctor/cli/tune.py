"""`ppodoctor tune`: search hyper-parameters of our trainer or of any script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter

from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import UsageError
from ppodoctor.config import ConfigError, read_settings

if TYPE_CHECKING:
    from ppodoctor.tuning.study import Spec

USAGE = """Usage: ppodoctor tune ENVIRONMENT [OPTIONS]
       ppodoctor tune [OPTIONS] -- COMMAND..."""
SEARCH, TRIAL, FOLDER = (
    Group(name, sort_key=place) for place, name in enumerate(("What is searched", "A trial", "The study"), 1)
)


@Parameter(name="*")
@dataclass(frozen=True)
class SearchOptions:
    """Where is searched, and how."""

    grid: Annotated[
        tuple[str, ...],
        Parameter(
            help="Every combination of these: name=low..high[:log][:points], name=one,two or name alone, for its own "
            "range.",
            group=SEARCH,
            consume_multiple=True,
            negative="",
            show_default=False,
        ),
    ] = ()
    set: Annotated[
        tuple[str, ...],
        Parameter(
            help="Search these, written alike, by --method. Without any: the settings that matter on most tasks.",
            group=SEARCH,
            consume_multiple=True,
            negative="",
            show_default=False,
        ),
    ] = ()
    method: Annotated[
        Literal["grid", "random", "sobol", "bayes", "tpe", "gp", "cmaes"] | None,
        Parameter(
            help="bayes is a Gaussian process where trials are long enough to pay for it, else TPE. Default: grid with "
            "--grid, else bayes.",
            group=SEARCH,
            show_default=False,
        ),
    ] = None
    minutes: Annotated[float | None, Parameter(help="For the whole study, comparison included.", group=SEARCH)] = None
    trials: Annotated[
        int | None,
        Parameter(help="Settings to try. Default: all of a grid, what --minutes allow, or 40.", group=SEARCH),
    ] = None
    seeds: Annotated[
        int, Parameter(help="Fresh seeds on which winner, runner-up and default are run again.", group=SEARCH)
    ] = 5

    def refuse_nonsense(self) -> None:
        """Raise UsageError for options that contradict each other."""
        if self.grid and self.set:
            raise UsageError("Both --grid and --set were given; one of them was expected.")
        if self.grid and self.method not in (None, "grid"):
            raise UsageError(f"--grid tries every combination, --method {self.method} does not; use --set with it.")
        if self.minutes is not None and not self.minutes > 0:
            raise UsageError(f"--minutes is {self.minutes:g}; a number above 0 was expected.")
        for name, value in (("trials", self.trials), ("seeds", self.seeds)):
            if value is not None and value < 1:
                raise UsageError(f"--{name} is {value}; a number from 1 was expected.")


@Parameter(name="*")
@dataclass(frozen=True)
class TrialOptions:
    """What one trial is."""

    steps: Annotated[
        int | None, Parameter(help="Environment steps of a trial. Default: 50000.", group=TRIAL, show_default=False)
    ] = None
    config: Annotated[
        Path | None, Parameter(help="Settings that every trial has, from a .toml or .json file.", group=TRIAL)
    ] = None
    trial_seconds: Annotated[
        float | None, Parameter(help="Stop a script's trial after so many seconds.", group=TRIAL)
    ] = None
    workers: Annotated[
        int, Parameter(help="Trials side by side. Default: one for each core.", group=TRIAL, show_default=False)
    ] = 0


@Parameter(name="*")
@dataclass(frozen=True)
class FolderOptions:
    """Where a study is kept."""

    out: Annotated[
        Path | None, Parameter(help="Folder of the study. Without it: runs/DATE-tune-NAME-NUMBER.", group=FOLDER)
    ] = None
    resume: Annotated[
        Path | None,
        Parameter(
            help="Go on with the study in this folder; only --minutes, --trials and --workers with it.", group=FOLDER
        ),
    ] = None


def tune(
    environment: Annotated[
        str | None, Parameter(help="A gymnasium id, or module:Class or file.py:Class of your own.")
    ] = None,
    /,
    *,
    search: SearchOptions | None = None,
    trial: TrialOptions | None = None,
    place: FolderOptions | None = None,
    show: ShowOptions | None = None,
    command: Annotated[tuple[str, ...] | None, Parameter(parse=False)] = None,
) -> int:
    """Search settings that train better, and say what matters, what is safe and where the default stands.

    For example: `ppodoctor tune CartPole-v1 --grid learning_rate=1e-5..1e-3 clip_range=0.1..0.5`

    A script of yours is tuned unmodified, by its own flags; what it earns is read from the environment that it steps:
    `ppodoctor tune --set learning-rate=1e-5..1e-3:log -- python my_ppo.py --env CartPole-v1`

    The winner, the runner-up and the settings as they are run again on seeds that the search never saw. Ctrl-C leaves
    everything for `--resume`.
    """
    search, trial, show = search or SearchOptions(), trial or TrialOptions(), show or ShowOptions()
    place = place or FolderOptions()
    show.refuse_nonsense()
    search.refuse_nonsense()
    from ppodoctor.cli.tuned import as_sentence, carry_out, go_on

    try:
        if place.resume is not None:
            if environment is not None or command is not None or search.grid or search.set or place.out is not None:
                raise UsageError("--resume goes on with a study as it is; leave what is searched, and --out, away.")
            return go_on(place.resume, search, trial.workers, show)
        spec = _spec(environment, command, search, trial)
        return carry_out(spec, place.out, search.minutes, trial.workers, show)
    except ConfigError as error:
        raise UsageError(as_sentence(error)) from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error}; tuning needs more than diagnosing does: pip install 'ppodoctor[train,tune]'"
        ) from None


def _spec(environment: str | None, command: tuple[str, ...] | None, search: SearchOptions, trial: TrialOptions) -> Spec:
    """What is to be searched. Raises UsageError, ConfigError."""
    from ppodoctor.tuning.space import flag_space, own_space
    from ppodoctor.tuning.study import Spec

    method = search.method or ("grid" if search.grid else "bayes")
    texts, trials = search.grid or search.set, search.trials or 0
    if command is not None:
        _refuse_for_scripts(environment, command, texts, trial)
        return Spec(
            flag_space(texts),
            command=command,
            method=method,
            trial_seconds=trial.trial_seconds or 0.0,
            trials=trials,
            fresh_seeds=search.seeds,
        )
    if environment is None:
        raise UsageError("Neither an environment nor a command was given. For example: ppodoctor tune CartPole-v1")
    if trial.trial_seconds is not None:
        raise UsageError("--trial-seconds is for scripts; a training of ours is as long as --steps says.")
    fixed = read_settings(trial.config) if trial.config is not None else {}
    steps = trial.steps or int(fixed.pop("total_steps", 0)) or 50_000
    return Spec(
        own_space(texts), environment, fixed=fixed, method=method, steps=steps, trials=trials, fresh_seeds=search.seeds
    )


def _refuse_for_scripts(
    environment: str | None, command: tuple[str, ...], texts: tuple[str, ...], trial: TrialOptions
) -> None:
    from ppodoctor.watching.commands import prepare

    if environment is not None:
        raise UsageError(f"Both an environment ({environment}) and a command were given; one of them was expected.")
    problem = prepare(command).problem
    if problem:
        raise UsageError(problem)
    if not texts:
        raise UsageError("Say which flags of the script to search: --set learning-rate=1e-5..1e-3:log")
    if trial.steps is not None or trial.config is not None:
        raise UsageError("--steps and --config are for our trainer; give the script its length and settings as flags.")
