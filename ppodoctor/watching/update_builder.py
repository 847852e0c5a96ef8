"""Gathers the columns of one update while it happens."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ppodoctor.measures.loss import LossReading
from ppodoctor.measures.telemetry import head_columns, policy_columns, value_columns
from ppodoctor.records import UpdateRecord
from ppodoctor.specimens import LossGraph

_AVERAGED = ("policy_loss", "entropy", "entropy_share", "action_std", "advantage_mean", "advantage_std")
_OTHER = " of a critic's own step"
_LAST = ("approx_kl", "clip_fraction", "gain_corr")
_FIRST = ("explained_variance", "value_mean", "value_std", "target_mean", "target_std", "target_abs_max")


class UpdateBuilder:
    """One update's row under construction."""

    def __init__(self, update: int, step: int, wall: float) -> None:
        self.record = UpdateRecord(update=update, step=step, wall=wall)
        self._sums: Dict[str, List[float]] = {}
        self._steps: Dict[int, int] = {}
        self.policy_seen = False
        self._of_policy = False
        """Does the loss that was read last move the policy?"""

    def add(self, reading: LossReading) -> None:
        """Take over one minibatch."""
        policy = policy_columns(reading)
        head = head_columns(reading)
        value = value_columns(reading)
        if policy:
            if not self.policy_seen:
                self.record.ratio_first = policy.get("ratio_distance")
                self.record.minibatch_size = reading.batch or None
            self.policy_seen = True
        self._of_policy = bool(policy)
        for name in _LAST:
            if name in policy:
                setattr(self.record, name, policy[name])
        for name in _FIRST:
            if name in value and getattr(self.record, name) is None:
                setattr(self.record, name, value[name])
        for name, number in {**policy, **head, **value}.items():
            self._sums.setdefault(name, []).append(number)

    def add_activations(self, graph: LossGraph) -> None:
        """Take over the mean share of dead and of saturated units over the network's activations."""
        for name in ("dead_share", "saturated_share"):
            shares = [node.attrs[name] for node in graph.nodes if name in node.attrs]
            if shares:
                self.measure(name, sum(shares) / len(shares))

    def measure(self, name: str, value: Optional[float]) -> None:
        """Add one observation of an averaged column."""
        if value is not None:
            self._sums.setdefault(name, []).append(float(value))

    def measure_step(self, name: str, value: Optional[float]) -> None:
        """Add what was measured around an optimizer step: a critic's own steps count where no other were measured."""
        self.measure(name if self._of_policy else name + _OTHER, value)

    def stepped(self, index: int, rate: Any, count: int = 1) -> None:
        """An optimizer, numbered from 0, took steps, the last at this learning rate."""
        self._steps[index] = self._steps.get(index, 0) + count
        if index == 0 or self.record.learning_rate is None:
            self.record.learning_rate = float(rate)

    def finish(self, backwards: int) -> UpdateRecord:
        """The finished row."""
        record = self.record
        for name in (*_AVERAGED, "value_loss", "grad_norm", "grad_norm_after", "update_size"):
            values = self._sums.get(name) or self._sums.get(name + _OTHER)
            if values:
                setattr(record, name, sum(values) / len(values))
        record.ratio_max = max(self._sums.get("ratio_max", ()), default=None)
        record.ratio_min = min(self._sums.get("ratio_min", ()), default=None)
        for name in ("dead_share", "saturated_share"):
            values = self._sums.get(name)
            if values:
                setattr(record, name, values[0])
        record.optimizer_steps = max(self._steps.values(), default=0)
        record.backwards = backwards
        return record
