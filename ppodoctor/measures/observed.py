"""Hyper-parameters as the computation shows them, never as the script names them. NaN where nothing shows one."""

from __future__ import annotations

import math
from typing import List, Optional, Tuple

import numpy as np

from ppodoctor.measures import credit, reading
from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.trend import finite
from ppodoctor.records import EnvFacts, Site
from ppodoctor.run import Run

Array = np.ndarray


def curve(run: Run, name: str) -> Tuple[Array, Array]:
    """([n] update numbers, [n] values) of a column where it was observed: later updates are not all read."""
    values = run.column(name)
    known = np.isfinite(values)
    return np.array([row.update for row in run.updates], dtype=int)[known], values[known]


def span_of(run: Run, name: str, since: int = 0) -> Tuple[int, int]:
    """First (not before `since`) and last update in which a column was observed."""
    updates, _ = curve(run, name)
    return (max(since, int(updates[0])), int(updates[-1])) if len(updates) else (since, since)


def kl_after_steps(run: Run) -> Array:
    """[n] KL of the updates in which a minibatch after the first step was read: before that it is 0 by right."""
    _, values = curve(run, "approx_kl")
    return np.asarray(values[np.abs(values) > 1e-9])


def policy_readings(run: Run) -> List[LossReading]:
    """The readings that hold a policy term."""
    return [r for r in reading.readings(run) if r.surrogate is not None]


def first_readings(run: Run) -> List[LossReading]:
    """Per update the first backward call with a policy term: the policy there is still the one that acted."""
    found: dict[int, LossReading] = {}
    for one in policy_readings(run):
        found.setdefault(one.update, one)
    return [one for one in found.values() if one.index == 0]


def value_readings(run: Run) -> List[LossReading]:
    """The readings that hold a value loss, alone or beside a policy term."""
    return [r for r in reading.readings(run) if r.value is not None]


def first_value_readings(run: Run) -> List[LossReading]:
    """Per update the first of them: the critic there is still the one whose values made the targets."""
    found: dict[int, LossReading] = {}
    for one in value_readings(run):
        found.setdefault(one.update, one)
    return list(found.values())


def clip_range(run: Run) -> Tuple[float, float]:
    """(below, above): how far the clamp lets the ratio go from 1 on either side; medians over the readings."""
    bounds = [(r.surrogate.clip_low, r.surrogate.clip_high) for r in policy_readings(run) if r.surrogate is not None]
    low = [1.0 - b for b, _ in bounds if b is not None]
    high = [b - 1.0 for _, b in bounds if b is not None]
    return _median(low), _median(high)


def clip_site(run: Run) -> Optional[Site]:
    """Where the ratio is clamped."""
    sites = (r.surrogate.clip_site for r in policy_readings(run) if r.surrogate is not None)
    return next((site for site in sites if site is not None), None)


def entropy_weight(run: Run) -> Tuple[float, Optional[Site]]:
    """Coefficient of the entropy over that of the policy term (above 0: entropy is raised), and its line."""
    weights, site = [], None
    for one in policy_readings(run):
        policy = [t.coefficient for t in one.terms if t.kind in ("surrogate", "policy_gradient")]
        entropies = [t for t in one.terms if t.kind == "entropy"]
        if policy and entropies and policy[0]:
            weights.append(-entropies[0].coefficient / abs(policy[0]))
            site = site or entropies[0].site
    return _median(weights), site


def gamma(run: Run) -> Tuple[float, Optional[Site]]:
    """The discount, and its line: as declared, else as fitted to the advantages or targets."""
    found = run.settings.get("gamma")
    if found is not None and isinstance(found.value, (int, float)):
        return float(found.value), found.where
    for fit in (*credit.fit_targets(run), *credit.fit_advantages(run)):
        if fit.exact and fit.gamma is not None:
            return fit.gamma, None
    return math.nan, None


def passes(run: Run) -> float:
    """How often each environment step is trained on per update (epochs)."""
    steps, size, rollout = run.column("optimizer_steps"), run.column("minibatch_size"), run.column("rollout_steps")
    with np.errstate(all="ignore"):
        return _median(finite(steps * size / rollout).tolist())


def horizon(discount: float) -> float:
    """Steps that a discount looks ahead: 1 / (1 - gamma)."""
    return math.inf if discount >= 1 else 1 / (1 - discount)


def train_env(run: Run) -> Optional[EnvFacts]:
    """The training environment that was stepped most."""
    return max(run.train_envs, key=lambda env: env.steps, default=None)


def made_at(env: Optional[EnvFacts]) -> Tuple[Site, ...]:
    """Where an environment was made, as evidence wants it."""
    return (env.made_at,) if env is not None and env.made_at is not None else ()


def _median(values: List[float]) -> float:
    return float(np.median(values)) if values else math.nan
