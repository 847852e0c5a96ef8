"""Episodes to an objective and a curve: the same sums for our trainer, the core and any script."""

from __future__ import annotations

from typing import Any

import numpy as np

from ppodoctor.lab.trial import FAILED, FINISHED, Trial, TrialResult

LAST = 0.2
"""Part of the steps at the end of training whose episodes are the objective."""
FEWEST = 10
"""Episodes of the objective at the least, where there are so many: long ones may not end within that part."""
POINTS = 25
"""Points of a curve."""


def scored(trial: Trial, ends: Any, returns: Any, *, steps: int, seconds: float, by: str) -> TrialResult:
    """The result of a training that came to its end.

    Args:
        trial: What was run.
        ends: [episodes] environment steps, over all environments, at which each episode ended; ascending.
        returns: [episodes] their raw returns.
        steps: Environment steps taken.
        seconds: Wall time of the training.
        by: What trained.
    """
    ends, returns = np.asarray(ends, np.float64), np.asarray(returns, np.float64)
    facts: dict[str, Any] = {"episodes": len(ends), "steps": steps, "seconds": seconds, "by": by}
    if not len(ends):
        return TrialResult(trial.key, FAILED, reason=f"no episode ended in {steps:,} steps; train longer", **facts)
    first = min(int(np.searchsorted(ends, (1 - LAST) * steps, side="right")), max(len(ends) - FEWEST, 0))
    objective = float(returns[first:].mean())
    if not np.isfinite(objective):
        return TrialResult(trial.key, FAILED, reason="a return is NaN or infinite", **facts)
    return TrialResult(trial.key, FINISHED, objective, _curve(ends, returns, steps), **facts)


def _curve(ends: Any, returns: Any, steps: int) -> tuple[tuple[float, float], ...]:
    edges = np.linspace(0, max(steps, ends[-1]), POINTS + 1)[1:]
    found, begin = [], 0
    for edge in edges:
        end = int(np.searchsorted(ends, edge, side="right"))
        if end > begin:
            found.append((float(edge), float(returns[begin:end].mean())))
        begin = end
    return tuple(found)
