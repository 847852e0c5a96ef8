"""Columns of an update from the reading of its minibatches: the same formulas for every producer."""

from __future__ import annotations

import math
from typing import Any, Dict, Optional, Tuple

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


def _moments(values: Array) -> Tuple[float, float, Array]:
    """Mean, standard deviation and what is left without the mean; `values` [samples] is not empty.

    Sums of products: numpy's own mean and std take several times as long on a minibatch.
    """
    mean = float(values.sum()) / values.size
    left = values - mean
    return mean, math.sqrt(float(left @ left) / values.size), left


def policy_columns(reading: LossReading) -> Columns:
    """approx_kl (k3), clip_fraction, ratio extremes, advantage moments, gain_corr, policy_loss of one minibatch."""
    found: Columns = {}
    logs = log_ratio(reading)
    surrogate = reading.surrogate
    if surrogate is None:
        return found
    with np.errstate(all="ignore"):
        advantage = None
        if surrogate.advantage is not None and surrogate.advantage.size:
            advantage = np.asarray(surrogate.advantage, np.float64).reshape(-1)
            found["advantage_mean"], found["advantage_std"], left = _moments(advantage)
        if logs is None or logs.size == 0:
            return found
        ratio = np.exp(logs)
        away = ratio - 1
        found["approx_kl"] = float((away - logs).sum()) / logs.size
        found["ratio_distance"] = float(np.abs(away).sum()) / logs.size
        found["ratio_max"], found["ratio_min"] = float(ratio.max()), float(ratio.min())
        if surrogate.clip_low is not None or surrogate.clip_high is not None:
            found["clip_fraction"] = _clip_fraction(ratio, surrogate.clip_low, surrogate.clip_high, surrogate.clip_on)
        if advantage is not None and advantage.size == logs.size:
            found["policy_loss"] = -float(ratio @ advantage) / logs.size
            _, spread, logs_left = _moments(logs)
            scale = spread * found["advantage_std"]
            if spread > 1e-9 and found["advantage_std"] > 1e-12 and math.isfinite(scale):
                found["gain_corr"] = float(left @ logs_left) / logs.size / scale
    return found


def _clip_fraction(ratio: Array, low: Optional[float], high: Optional[float], on: str) -> float:
    values = np.log(ratio) if on == "log_ratio" else ratio
    outside = np.zeros(values.shape, bool)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high
    return float(np.count_nonzero(outside)) / max(int(values.size), 1)


def value_columns(reading: LossReading) -> Columns:
    """value_loss, explained_variance and moments of prediction and target of one minibatch."""
    value = reading.value
    if value is None or value.prediction is None or value.target is None:
        return {}
    prediction = np.asarray(value.prediction, np.float64).reshape(-1)
    target = np.asarray(value.target, np.float64).reshape(-1)
    if not (prediction.size and target.size):
        return {}
    found: Columns = {"target_abs_max": float(np.abs(target).max())}
    with np.errstate(all="ignore"):
        found["value_mean"], found["value_std"], _ = _moments(prediction)
        found["target_mean"], found["target_std"], _ = _moments(target)
        if prediction.size == target.size:
            residual = target - prediction
            found["value_loss"] = float(residual @ residual) / residual.size
            variance = found["target_std"] ** 2
            if variance > 1e-12:
                found["explained_variance"] = 1.0 - _moments(residual)[1] ** 2 / variance
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
    if head.kind in ("gaussian", "beta") and entropy is not None and head.std is not None:
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
