"""`tune`: what to search in, a study carried out, and what it came to as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppodoctor.lab import Executor, Stop
from ppodoctor.tuning.outcome import Outcome, outcome_of, write_winner
from ppodoctor.tuning.plans import load_optuna
from ppodoctor.tuning.space import flag_space, own_space
from ppodoctor.tuning.spec import Spec
from ppodoctor.tuning.study import Study

if TYPE_CHECKING:
    import optuna


def tune(
    target: str | Sequence[str],
    space: Sequence[str] = (),
    *,
    method: str = "bayes",
    out: str | Path = "tuning",
    minutes: float | None = None,
    workers: int | Executor = 0,
    **given: Any,
) -> Outcome:
    """Search settings of our trainer on an environment, or flags of a script.

    The same call again goes on with what is in `out`: trials that are known are not run again.

    Args:
        target: A gymnasium id (or module:Class, file.py:Class), or the words of a command.
        space: Axes, each `name=low..high[:log][:points]`, `name=one,two` or `name` for its own range.
        method: grid, random, sobol, bayes, tpe, gp or cmaes.
        out: Folder of the study.
        minutes: For the whole study; without it until its trials are done.
        workers: Trials side by side, 0 for one for each core; or what runs them elsewhere, such as
            `ppodoctor.lab.remote.RayExecutor`.
        given: More of `ppodoctor.tuning.study.Spec`: fixed, steps, trials, fresh_seeds, trial_seconds, seed.

    Returns:
        What it came to; winner.toml (or winner.txt) is written beside it.

    Raises:
        ConfigError: settings that cannot be, or a first trial that fails.
        LabError: the folder cannot be written.
    """
    own = isinstance(target, str)
    axes = own_space(space) if own else flag_space(space)
    where: Mapping[str, Any] = {"environment": target} if own else {"command": tuple(target)}
    runs: Mapping[str, Any] = {"workers": workers} if isinstance(workers, int) else {"executor": workers}
    study = Study(Path(out), Spec(axes, method=method, **where, **given), **runs)
    try:
        study.run(Stop(None if minutes is None else 60 * minutes))
        outcome = outcome_of(study)
    finally:
        study.close()
    write_winner(outcome)
    return outcome


def optuna_study(outcome: Outcome, storage: str | None = None) -> optuna.Study:
    """What was tried as a study of Optuna's own, for its plots and its dashboard.

    Args:
        outcome: Of a study.
        storage: Such as sqlite:///optuna.db, which `optuna-dashboard` opens; in memory without it.

    Raises:
        ConfigError: Optuna is not installed.
    """
    library = load_optuna()
    kinds = {}
    for axis in outcome.spec.space:
        if axis.choices:
            words = [one if isinstance(one, bool | int | float | str) else str(one) for one in axis.choices]
            kinds[axis.name] = library.distributions.CategoricalDistribution(words)
        else:
            kind = library.distributions.IntDistribution if axis.whole else library.distributions.FloatDistribution
            low, high = (round(axis.low), round(axis.high)) if axis.whole else (axis.low, axis.high)
            kinds[axis.name] = kind(low, high, log=axis.log)
    found: optuna.Study = library.create_study(
        study_name="ppodoctor", storage=storage, direction="maximize", load_if_exists=False
    )
    for one in outcome.candidates:
        params = {name: str(value) if isinstance(value, tuple) else value for name, value in one.settings.items()}
        state = library.trial.TrialState.FAIL if one.failed else library.trial.TrialState.COMPLETE
        found.add_trial(
            library.trial.create_trial(
                state=state,
                params=params,
                distributions=kinds,
                value=None if one.failed else one.score,
                user_attrs={"scores": list(one.scores), "seconds": one.seconds, "reason": one.reason},
            )
        )
    return found
