"""Columns of UpdateRecord from the minibatches of an update that were read: its first and its last one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


class Telemetry:
    """Gathers numbers during one update; what a column means is said in `ppodoctor.records`."""

    def __init__(self, clip_range: float) -> None:
        self.clip_range = clip_range
        self.sums: dict[str, list[float]] = {}
        self.columns: dict[str, Any] = {}
        self.steps = 0
        self.kl = 0.0

    def read(self, arrays: dict[str, NDArray[Any]], *, most_entropy: float) -> None:
        """Read one minibatch: arrays as in `learner.Minibatch`. `most_entropy`: as in `ActionFacts`."""
        log_ratio = arrays["log_prob"] - arrays["old_log_prob"]
        ratio, advantage = arrays["ratio"], arrays["advantage"]
        first = "ratio_first" not in self.columns
        if first:
            self.columns["ratio_first"] = float(np.abs(ratio - 1).mean())
            self.columns["minibatch_size"] = len(ratio)
            self._first(arrays["value"], arrays["target"])
        self.kl = float((ratio - 1 - log_ratio).mean())
        self.columns["approx_kl"] = self.kl
        self.columns["clip_fraction"] = float((np.abs(ratio - 1) > self.clip_range).mean())
        self.columns["gain_corr"] = _correlation(advantage, log_ratio)
        clipped = np.clip(ratio, 1 - self.clip_range, 1 + self.clip_range)
        self.add("policy_loss", -float(np.minimum(ratio * advantage, clipped * advantage).mean()))
        self.add("value_loss", float(np.square(arrays["value"] - arrays["target"]).mean()))
        entropy = float(arrays["entropy"].mean())
        self.add("entropy", entropy)
        if most_entropy:
            self.add("entropy_share", entropy / most_entropy)
        if "log_std" in arrays:
            self.add("action_std", float(np.exp(arrays["log_std"]).mean()))
        self.add("ratio_max", float(ratio.max()))
        self.add("ratio_min", float(ratio.min()))
        self.add("advantage_mean", float(advantage.mean()))
        self.add("advantage_std", float(advantage.std()))

    def add(self, name: str, value: float) -> None:
        """One observation of an averaged column."""
        self.sums.setdefault(name, []).append(value)

    def finish(self, learning_rate: float) -> dict[str, Any]:
        """The columns."""
        found = dict(self.columns)
        for name, values in self.sums.items():
            found[name] = max(values) if name == "ratio_max" else min(values) if name == "ratio_min" else _mean(values)
        found["learning_rate"] = learning_rate
        found["optimizer_steps"] = found["backwards"] = self.steps
        return {name: value for name, value in found.items() if value is not None}

    def _first(self, value: F32, target: F32) -> None:
        spread = float(target.var())
        self.columns.update(
            value_mean=float(value.mean()),
            value_std=float(value.std()),
            target_mean=float(target.mean()),
            target_std=math.sqrt(spread),
            target_abs_max=float(np.abs(target).max()),
        )
        if spread > 1e-12:
            self.columns["explained_variance"] = 1.0 - float((target - value).var()) / spread


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _correlation(left: F32, right: F32) -> float | None:
    a, b = left - left.mean(), right - right.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / scale if scale > 1e-12 and math.isfinite(scale) else None
