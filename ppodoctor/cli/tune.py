"""`ppodoctor tune`: search hyper-parameters of our trainer or of any script."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ppodoctor.cli.options import ShowOptions
from ppodoctor.cli.statuses import UsageError
from ppodoctor.cli.tune_options import SearchOptions, TrialOptions, TuneOptions
from ppodoctor.config import ConfigError, read_settings

if TYPE_CHECKING:
    from ppodoctor.tuning.spec import Spec

USAGE = """Usage: ppodoctor tune ENVIRONMENT [OPTIONS]
       ppodoctor tune [OPTIONS] -- COMMAND..."""


def tune(
    environment: Annotated[
        str | None, Parameter(help="A gymnasium id, or module:Class or file.py:Class of your own.")
    ] = None,
    /,
    *,
    options: TuneOptions | None = None,
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
    options, show = options or TuneOptions(), show or ShowOptions()
    search, trial, place = options.search, options.trial, options.place
    for some in (show, search, place, options.cluster):
        some.refuse_nonsense()
    from ppodoctor.cli.tuned import Ways, as_sentence, carry_out, go_on

    ways = Ways(search.minutes, trial.workers, options.cluster, show)
    try:
        if place.resume is not None:
            if environment is not None or command is not None or search.grid or search.set or place.out is not None:
                raise UsageError("--resume goes on with a study as it is; leave what is searched, and --out, away.")
            return go_on(place.resume, search.trials, place.storage, ways)
        spec = _spec(environment, command, search, trial)
        return carry_out(replace(spec, storage=place.storage or ""), place.out, ways)
    except ConfigError as error:
        raise UsageError(as_sentence(error)) from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error}; tuning needs more than diagnosing does: pip install 'ppodoctor[train,tune]'"
        ) from None


def _spec(environment: str | None, command: tuple[str, ...] | None, search: SearchOptions, trial: TrialOptions) -> Spec:
    """What is to be searched. Raises UsageError, ConfigError."""
    from ppodoctor.tuning.space import flag_space, own_space
    from ppodoctor.tuning.spec import Spec

    method = search.method or ("grid" if search.grid else "bayes")
    texts, trials = search.grid or search.set, search.trials or 0
    if command is not None:
        if search.halving:
            raise UsageError("--halving is for our trainer: a script's length is its own. --stop-early is for both.")
        _refuse_for_scripts(environment, command, texts, trial)
        return Spec(
            flag_space(texts),
            command=command,
            method=method,
            trial_seconds=trial.trial_seconds or 0.0,
            trials=trials,
            fresh_seeds=search.seeds,
            stop_early=search.stop_early,
        )
    if environment is None:
        raise UsageError("Neither an environment nor a command was given. For example: ppodoctor tune CartPole-v1")
    if trial.trial_seconds is not None:
        raise UsageError("--trial-seconds is for scripts; a training of ours is as long as --steps says.")
    fixed = read_settings(trial.config) if trial.config is not None else {}
    steps = trial.steps or int(fixed.pop("total_steps", 0)) or 50_000
    spec = Spec(own_space(texts), environment, fixed=fixed, method=method, steps=steps, trials=trials)
    return replace(spec, fresh_seeds=search.seeds, stop_early=search.stop_early, halving=search.halving)


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
