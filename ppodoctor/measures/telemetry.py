"""Columns of an update from the reading of its minibatches: the same formulas for every producer."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np

from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.policy_head import entropy_of

Array = Any
Columns = Dict[str, float]


def log_ratio(reading: LossReading) -> Optional[Array]:
    """[samples] log of new / old probability as the script forms it, or None."""
    surrogate = reading.surrogate
    if surrogate is None or surrogate.ratio is None or surrogate.form in ("none", "probability"):
        return None
    ratio = np.asarray(surrogate.ratio, np.float64).reshape(-1)
    with np.errstate(all="ignore"):
        logs = ratio if surrogate.form == "log_difference" else np.log(ratio)
    return -logs if surrogate.inverted else logs


def policy_columns(reading: LossReading) -> Columns:
    """approx_kl (k3), clip_fraction, ratio extremes, advantage moments, gain_corr, policy_loss of one minibatch."""
    found: Columns = {}
    logs = log_ratio(reading)
    surrogate = reading.surrogate
    if surrogate is None:
        return found
    if surrogate.advantage is not None and surrogate.advantage.size:
        found["advantage_mean"] = float(np.mean(surrogate.advantage))
        found["advantage_std"] = float(np.std(surrogate.advantage))
    if logs is None or logs.size == 0:
        return found
    with np.errstate(all="ignore"):
        ratio = np.exp(logs)
        found["approx_kl"] = float(np.mean((ratio - 1) - logs))
        found["ratio_distance"] = float(np.mean(np.abs(ratio - 1)))
        found["ratio_max"], found["ratio_min"] = float(ratio.max()), float(ratio.min())
        if surrogate.clip_low is not None or surrogate.clip_high is not None:
            found["clip_fraction"] = _clip_fraction(ratio, surrogate.clip_low, surrogate.clip_high, surrogate.clip_on)
    _gain(found, reading, logs, ratio)
    return found


def _clip_fraction(ratio: Array, low: Optional[float], high: Optional[float], on: str) -> float:
    values = np.log(ratio) if on == "log_ratio" else ratio
    outside = np.zeros(values.shape, bool)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high
    return float(outside.mean())


def _gain(found: Columns, reading: LossReading, logs: Array, ratio: Array) -> None:
    surrogate = reading.surrogate
    if surrogate is None or surrogate.advantage is None or surrogate.advantage.size != logs.size:
        return
    advantage = surrogate.advantage.reshape(-1)
    found["policy_loss"] = -float(np.mean(ratio * advantage))
    if logs.std() > 1e-9 and advantage.std() > 1e-12 and np.isfinite(logs).all():
        found["gain_corr"] = float(np.corrcoef(advantage, logs)[0, 1])


def value_columns(reading: LossReading) -> Columns:
    """value_loss, explained_variance and moments of prediction and target of one minibatch."""
    value = reading.value
    if value is None or value.prediction is None or value.target is None:
        return {}
    prediction = np.asarray(value.prediction, np.float64).reshape(-1)
    target = np.asarray(value.target, np.float64).reshape(-1)
    found: Columns = {
        "value_mean": float(prediction.mean()),
        "value_std": float(prediction.std()),
        "target_mean": float(target.mean()),
        "target_std": float(target.std()),
        "target_abs_max": float(np.abs(target).max()) if target.size else 0.0,
    }
    if prediction.size == target.size and target.size:
        residual = target - prediction
        found["value_loss"] = float(np.mean(residual**2))
        if target.var() > 1e-12:
            found["explained_variance"] = 1.0 - float(residual.var() / target.var())
    return found


def head_columns(reading: LossReading) -> Columns:
    """entropy (per sample, summed over action dimensions), entropy_share and action_std of the distribution."""
    head = reading.head
    if head is None:
        return {}
    found: Columns = {}
    entropy = entropy_of(head)
    if head.kind == "categorical" and entropy is not None and head.logits is not None and head.logits.shape[-1] > 1:
        found["entropy"] = float(np.mean(entropy))
        found["entropy_share"] = found["entropy"] / float(np.log(head.logits.shape[-1]))
    if head.kind == "gaussian" and entropy is not None and head.std is not None:
        found["entropy"] = float(np.mean(entropy.sum(-1))) if entropy.ndim else float(entropy)
        found["action_std"] = float(np.mean(head.std))
    if (
        "entropy" not in found
        and reading.entropy is not None
        and reading.entropy.value is not None
        and reading.entropy.form == "categorical"
    ):
        found["entropy"] = float(np.mean(reading.entropy.value))
    return found
