"""Plans: what was tried goes in, what to try next comes out. No process, no disk, no clock.

Grid, random and quasi-random points are a function of their number alone. TPE, Gaussian processes and CMA-ES come from
Optuna by ask and tell, on a study made anew of the history each time, so that any process can go on with a search.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ppodoctor.config import ConfigError
from ppodoctor.tuning.space import Axis, Space, grid

if TYPE_CHECKING:
    import optuna

METHODS = ("grid", "random", "sobol", "bayes", "tpe", "gp", "cmaes")
STARTS = 10
"""Quasi-random settings before a model is asked, two for each axis at the most: a model of fewer knows nothing."""
GP_SECONDS = 2.0
"""Seconds of a trial from which a Gaussian process is worth its own time: about half a second for each suggestion."""
GP_MOST = (100, 10)
"""Settings tried and axes up to which it stays quick and good."""


@dataclass(frozen=True)
class Tried:
    """One setting of the search so far, in the order in which they were asked for."""

    settings: dict[str, Any]
    score: float | None = None
    """Higher is better; None while it runs, and for one that failed."""
    failed: bool = False


@dataclass(frozen=True)
class Plan:
    """How to search.

    Attributes:
        method: One of METHODS. bayes is a Gaussian process where trials are long enough to pay for it, else TPE.
        space: Where.
        seed: Of whatever the method draws.
        trial_seconds: About how long a trial takes.
    """

    method: str
    space: Space
    seed: int = 0
    trial_seconds: float = 0.0

    @property
    def length(self) -> int | None:
        """How many settings there are to try; None for no end."""
        return len(grid(self.space)) if self.method == "grid" else None

    def ask(self, history: Sequence[Tried], count: int = 1) -> list[dict[str, Any]]:
        """The next settings, `count` at the most; none when a grid is through."""
        if self.method == "grid":
            return grid(self.space)[len(history) : len(history) + count]
        found = list(history)
        for _ in range(count):
            found.append(Tried(self._next(found)))
        return [one.settings for one in found[len(history) :]]

    def _next(self, history: Sequence[Tried]) -> dict[str, Any]:
        number = len(history)
        if self.method == "random":
            return _at(self.space, np.random.default_rng([self.seed, number]).random(len(self.space)))
        if self.method == "sobol" or (self.method != "cmaes" and number < min(STARTS, 2 * len(self.space))):
            return _at(self.space, _sobol(len(self.space), number, self.seed))
        return self._modelled(history)

    def _modelled(self, history: Sequence[Tried]) -> dict[str, Any]:
        optuna = load_optuna()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that Optuna calls experimental
            study = optuna.create_study(direction="maximize", sampler=self._sampler(optuna, history))
            told = _replay if self.method == "cmaes" else _tell
            told(study, self.space, history)
            trial = study.ask(distributions(self.space))
        return _settings(self.space, trial.params)

    def _sampler(self, optuna: Any, history: Sequence[Tried]) -> Any:
        seed = int(np.random.default_rng([self.seed, len(history)]).integers(2**31))
        method = self.method
        if method == "bayes":
            small = len(history) <= GP_MOST[0] and len(self.space) <= GP_MOST[1]
            method = "gp" if small and self.trial_seconds >= GP_SECONDS else "tpe"
        if method == "gp":
            # returns are noisy: a model that takes them for exact chases luck (Eimer et al. 2023)
            return optuna.samplers.GPSampler(seed=seed, n_startup_trials=0, deterministic_objective=False)
        if method == "tpe":
            return optuna.samplers.TPESampler(seed=seed, n_startup_trials=0, multivariate=True, constant_liar=True)
        return optuna.samplers.CmaEsSampler(seed=self.seed, n_startup_trials=1)


def load_optuna() -> Any:
    """The library. Raises ConfigError where it is missing."""
    try:
        import optuna
    except ModuleNotFoundError:
        raise ConfigError(
            "this method needs Optuna: pip install 'ppodoctor[tune]'. Without it there are --method random and --grid"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def distributions(space: Space) -> dict[str, optuna.distributions.BaseDistribution]:
    """The axes as Optuna has them. Choices that are numbers in order are places on a line, so that a model sees it."""
    optuna = load_optuna()
    return {axis.name: _distribution(optuna.distributions, axis) for axis in space}


def _distribution(kinds: Any, axis: Axis) -> Any:
    if axis.choices:
        if _ordered(axis):
            return kinds.IntDistribution(0, len(axis.choices) - 1)
        return kinds.CategoricalDistribution(tuple(range(len(axis.choices))))
    if axis.whole:
        return kinds.IntDistribution(round(axis.low), round(axis.high), log=axis.log)
    return kinds.FloatDistribution(axis.low, axis.high, log=axis.log)


def _ordered(axis: Axis) -> bool:
    numbers = [one for one in axis.choices if isinstance(one, int | float) and not isinstance(one, bool)]
    return len(numbers) == len(axis.choices) > 2 and numbers == sorted(numbers)


def _tell(study: optuna.Study, space: Space, history: Sequence[Tried]) -> None:
    optuna = load_optuna()
    worst = min((one.score for one in history if one.score is not None), default=0.0)
    kinds, states = distributions(space), optuna.trial.TrialState
    for one in history:
        ended = one.failed or one.score is not None
        study.add_trial(
            optuna.trial.create_trial(
                state=states.COMPLETE if ended else states.RUNNING,
                params=_params(space, one.settings),
                distributions=kinds,
                # a setting that fails is as bad as the worst that was seen: the search learns to keep away
                value=(worst if one.score is None else one.score) if ended else None,
            )
        )


def _replay(study: optuna.Study, space: Space, history: Sequence[Tried]) -> None:
    """Ask for every setting of the past again and tell what came of it: CMA-ES keeps its state in its own trials."""
    worst = min((one.score for one in history if one.score is not None), default=0.0)
    kinds = distributions(space)
    for one in history:
        trial = study.ask(kinds)
        if one.failed or one.score is not None:
            study.tell(trial, worst if one.score is None else one.score)


def _params(space: Space, settings: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for axis in space:
        value = settings[axis.name]
        if axis.choices:
            value = [_listed(choice) for choice in axis.choices].index(_listed(value))
        elif not axis.whole:
            value = min(max(float(value), axis.low), axis.high)
        found[axis.name] = value
    return found


def _settings(space: Space, params: dict[str, Any]) -> dict[str, Any]:
    """What Optuna suggested, as settings with few digits."""
    found = {}
    for axis in space:
        value = params[axis.name]
        if axis.choices:
            found[axis.name] = axis.choices[value]
        else:
            found[axis.name] = int(value) if axis.whole else axis.value(axis.place(value))
    return found


def _at(space: Space, places: Any) -> dict[str, Any]:
    return {axis.name: axis.value(float(at)) for axis, at in zip(space, places, strict=True)}


def _sobol(axes: int, number: int, seed: int) -> Any:
    """Point `number` of a scrambled Sobol sequence."""
    try:
        from scipy.stats import qmc
    except ModuleNotFoundError:
        raise ConfigError("quasi-random points need SciPy: pip install 'ppodoctor[tune]'") from None
    sequence = qmc.Sobol(axes, scramble=True, rng=np.random.default_rng(seed))
    if number:
        sequence.fast_forward(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a part of the sequence is not balanced
        return sequence.random(1)[0]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
