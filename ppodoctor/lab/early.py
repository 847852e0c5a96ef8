"""When a trial is not trained to its end: it is behind the others of its seed, frozen, or broken beyond repair.

A watch is plain data, made where the trial is begun and carried to wherever it runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ppodoctor.lab.score import FEWEST, LAST
from ppodoctor.lab.trial import FINISHED, STOPPED, Trial, TrialResult

FROM = 0.3
"""Part of a training before which no trial is compared: slow beginners are not slow learners."""
ENOUGH = 5
"""Finished trials of the same seed from which a comparison says something."""
MOST = 100
"""Of the newest that are compared with."""
FROZEN = 10
"""Updates without any change from which a policy is called frozen."""


@dataclass(frozen=True)
class Watch:
    """What ends a trial early."""

    bar: tuple[tuple[float, float], ...] = ()
    """(environment steps, return): below the last of these that it has passed, a trial is behind."""
    judge: str = ""
    """`module:function`, which takes the run folder of a script and returns why it is beyond repair, or nothing."""
    frozen: bool = False
    """End a training whose policy does not move at all."""

    @property
    def active(self) -> bool:
        """Is there anything to watch for?"""
        return bool(self.bar or self.judge or self.frozen)

    def behind(self, steps: float, ends: Any, returns: Any) -> str:
        """Why a trial of so many steps is not worth going on with; empty to go on.

        Args:
            steps: Environment steps until now.
            ends: [episodes] steps at which episodes ended, ascending.
            returns: [episodes] their returns.
        """
        passed = [value for at, value in self.bar if at <= steps]
        if not passed or len(ends) < FEWEST:
            return ""
        first = min(int(np.searchsorted(ends, (1 - LAST) * steps, side="right")), len(ends) - FEWEST)
        now = float(np.mean(np.asarray(returns, np.float64)[first:]))
        if now >= passed[-1]:
            return ""
        half = f"half of the others of this seed had {passed[-1]:.4g} or more"
        return f"behind after {steps:,.0f} steps: a return of {now:.4g}, where {half}"

    def judged(self, folder: Path) -> str:
        """What the judge says of a run folder."""
        if not self.judge:
            return ""
        module, _, name = self.judge.partition(":")
        return str(getattr(importlib.import_module(module), name)(folder))


Watcher = Callable[[Trial], Watch]


def unwatched(trial: Trial) -> Watch:
    """Nothing ends this trial early."""
    return Watch()


def bar_of(results: Sequence[TrialResult]) -> tuple[tuple[float, float], ...]:
    """The median of finished trials at each step of their curves (the median stopping rule, Golovin et al. 2017).

    Args:
        results: Of one seed; those that did not finish are left out.
    """
    curves = [np.array(one.curve) for one in results if one.status == FINISHED and len(one.curve) > 1][-MOST:]
    if len(curves) < ENOUGH:
        return ()
    total = float(np.median([curve[-1, 0] for curve in curves]))
    points = []
    for at in np.linspace(FROM, 1.0, 15) * total:
        near = [curve[(curve[:, 0] > (1 - LAST) * at) & (curve[:, 0] <= at), 1] for curve in curves]
        values = [float(one.mean()) for one in near if len(one)]
        if len(values) >= ENOUGH:
            points.append((float(at), float(np.median(values))))
    return tuple(points)


def ended_early(result: TrialResult, reason: str) -> TrialResult:
    """A result of what was trained until then."""
    return replace(result, status=STOPPED, reason=reason)
