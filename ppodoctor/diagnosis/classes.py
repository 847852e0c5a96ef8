"""Look-alike classes: faults that share their curves, named from telemetry, and the order in which tests split them.

A class never accuses by itself. It says which findings share a cause, which of them to believe first, and, when nothing
was found, what to run next (the fault list's classes F to H).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ppodoctor.measures.returns import ANTI, COLLAPSED, FLAT, Learning
from ppodoctor.measures.trend import finite
from ppodoctor.run import Run


@dataclass(frozen=True)
class LookAlike:
    """One class: how its curves look, the order of its splitting tests, and what to run when none of them decides."""

    id: str
    name: str
    applies: Callable[[Run, Learning], bool]
    order: tuple[str, ...]
    """Check ids: an earlier finding explains later ones that are not exact."""
    next_step: str


def _median(run: Run, column: str) -> float:
    values = finite(run.column(column))
    return float(np.median(values)) if len(values) else np.nan


def _late(run: Run, column: str) -> float:
    values = finite(run.column(column))
    return float(np.median(values[-max(3, len(values) // 4) :])) if len(values) else np.nan


def _first(run: Run, column: str) -> float:
    values = finite(run.column(column))
    return float(values[0]) if len(values) else np.nan


def _frozen(run: Run, learning: Learning) -> bool:
    return not learning.works and _median(run, "approx_kl") < 1e-6


def _uniform(run: Run, learning: Learning) -> bool:
    return learning.status == FLAT and _late(run, "entropy_share") > 0.95


def _early_collapse(run: Run, learning: Learning) -> bool:
    return learning.fails and _late(run, "entropy_share") < 0.1 * max(_first(run, "entropy_share"), 1e-9)


def _exploding(run: Run, learning: Learning) -> bool:
    return not learning.works and (_median(run, "approx_kl") > 0.1 or _median(run, "ratio_max") > 10)


def _blind(run: Run, learning: Learning) -> bool:
    return not learning.works and len(run.updates) >= 10 and _late(run, "explained_variance") <= 0.05


CLASSES: tuple[LookAlike, ...] = (
    LookAlike(
        "X",
        "explosion",
        _exploding,
        (
            "observation_not_finite",
            "reward_not_finite",
            "observations_unscaled",
            "reward_scale_too_large",
            "learning_rate_too_high",
            "clip_range_too_large",
            "too_many_epochs",
            "steps_too_large",
            "entropy_collapsed",
            "value_function_blind",
        ),
        "divide the learning rate by 10 and watch again: if KL falls to about 0.01 while the targets stay as "
        "large, the steps were too large; if not, scale the rewards",
    ),
    LookAlike(
        "F",
        "frozen actor",
        _frozen,
        (
            "reward_constant",
            "reward_never_met",
            "parameters_not_in_optimizer",
            "parameters_never_move",
            "learning_rate_zero",
            "updates_stopped_early",
            "learning_rate_too_low",
            "policy_frozen",
        ),
        "watch with `--updates 5`: the gradient of the policy before clipping, the raw advantages and the optimizer's "
        "parameters tell what holds the policy still",
    ),
    LookAlike(
        "A",
        "anti-learning",
        lambda run, learning: learning.status == ANTI,
        (
            "reward_sign_flipped",
            "entropy_sign_flipped",
            "learning_rate_too_high",
            "entropy_collapsed",
            "one_action_dominates",
        ),
        "run once with the reward's sign flipped: if the return rises, the reward's sign is wrong; if not, read the "
        "policy loss (does log-prob rise where the advantage is positive?)",
    ),
    LookAlike(
        "C",
        "early collapse",
        _early_collapse,
        (
            "reward_constant",
            "reward_never_met",
            "action_ignored_by_env",
            "learning_rate_too_high",
            "too_many_epochs",
            "clip_range_too_large",
            "reward_scale_too_large",
            "deterministic_action_while_training",
            "idle_policy_wins",
            "entropy_collapsed",
            "one_action_dominates",
        ),
        "run with the learning rate divided by 5, then with a larger entropy bonus: the first cures steps that are too "
        "large, the second a policy that settles too early",
    ),
    LookAlike(
        "U",
        "uniform policy",
        _uniform,
        (
            "reward_constant",
            "reward_never_met",
            "action_ignored_by_env",
            "observation_constant",
            "entropy_bonus_too_large",
            "reward_scale_too_small",
            "learning_rate_too_low",
            "gamma_too_short",
            "policy_stays_uniform",
        ),
        "let a scripted or scaled-up policy play: if it never scores better than random play either, the task gives no "
        "signal; otherwise raise the learning rate and lower the entropy bonus",
    ),
    LookAlike(
        "V",
        "blind critic",
        _blind,
        (
            "reward_scale_too_large",
            "observations_unscaled",
            "value_head_bounded",
            "value_clip_too_tight",
            "hidden_state",
            "value_function_blind",
        ),
        "fit the value network on one frozen batch: if it cannot, look at scales and the head; if it can, the targets "
        "are noise for these observations",
    ),
    LookAlike(
        "P",
        "peak, then crash",
        lambda run, learning: learning.status == COLLAPSED,
        ("learning_rate_too_high", "too_many_epochs", "units_dead", "plasticity_lost", "entropy_collapsed"),
        "run longer with a learning rate that falls to zero; if the crash stays, reset the last layers at the peak and "
        "see whether learning returns",
    ),
    LookAlike(
        "E",
        "plateau",
        lambda run, learning: learning.status == FLAT,
        (
            "hidden_state",
            "action_range_mismatched",
            "actions_saturated",
            "gamma_too_short",
            "rollout_too_short",
            "idle_policy_wins",
        ),
        "run three seeds with a longer budget and gamma closer to 1; compare with a known return for this task",
    ),
)


def classes_of(run: Run, learning: Learning) -> tuple[LookAlike, ...]:
    """The classes whose curves this run shows, most specific first."""
    return tuple(kind for kind in CLASSES if kind.applies(run, learning))
