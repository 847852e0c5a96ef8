"""Gradients and optimizer steps: norms before and after clipping, stale gradients, how far a step moves."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional

from ppodoctor.records import Setting
from ppodoctor.specimens import LossGraph
from ppodoctor.watching.parameters import Parameters

MAX_PARAMETERS = 5_000_000
"""Numbers in a network above which its parameters are not copied to measure a step."""


class Steps:
    """Measures around optimizer steps, when asked to."""

    def __init__(self, torch: Any, parameters: Parameters, tap: Any) -> None:
        self._torch = torch
        self._parameters = parameters
        self._tap = tap
        self._before: Optional[List[Any]] = None
        self._gradient = 0.0
        self._last_step_version = -1
        self._settings: Dict[str, Setting] = {}
        self._first_rates: Dict[int, float] = {}
        self.counts: Dict[int, int] = {}
        """Optimizer index -> steps taken."""
        self.moved: Dict[int, bool] = {}
        """Parameter index -> did it move in a measured step."""

    def before_backward(self, graph: LossGraph, version: int) -> Dict[str, Any]:
        """Gradients that are still there although an optimizer has stepped since they were made."""
        indices = sorted({node.param for node in graph.nodes if node.param >= 0})
        owned = [
            i for i in indices if self._parameters.owners.get(i)
        ]  # no optimizer zeroes the gradients of the others
        tensors = [self._parameters.tensor(i) for i in owned]
        grads = [t.grad for t in tensors if t.grad is not None]
        facts: Dict[str, Any] = {"parameters": len(indices), "with_grad": len(grads), "steps_before": version}
        facts["fresh_step"] = version != self._last_step_version
        self._last_step_version = version
        if grads:
            facts["stale_norm"] = self._norm(grads)
        return facts

    def before_step(self, optimizer: Any) -> Dict[str, Any]:
        """Gradient norm as the optimizer gets it; keeps a copy of the parameters for `after_step`."""
        self._before = None
        tensors = [p for group in optimizer.param_groups for p in group["params"]]
        grads = [p.grad for p in tensors if p.grad is not None]
        if sum(p.numel() for p in tensors) <= MAX_PARAMETERS:
            self._before = [p.detach().clone() for p in tensors]
        norm = self._gradient = self._norm(grads)
        without = [self._parameters.number(p) for p in tensors if p.grad is None]
        return {"step_grad_norm": norm, "step_without_grad": without}

    def after_step(self, optimizer: Any) -> Dict[str, Any]:
        """How far the step went, relative to the parameters."""
        if self._before is None:
            return {}
        tensors = [p for group in optimizer.param_groups for p in group["params"]]
        before, self._before = self._before, None
        if len(before) != len(tensors):
            return {}
        with self._torch.no_grad():
            moved = self._norms(self._torch._foreach_sub(tensors, before)) if tensors else []
        size = self._norm(before)
        for tensor, distance in zip(tensors, moved):
            number = self._parameters.number(tensor)
            self.moved[number] = self.moved.get(number, False) or distance > 0
        change = math.sqrt(sum(distance * distance for distance in moved))
        return {"update_size": change / size if size else math.nan, "grad_norm_after": self._gradient}

    def count(self, optimizer: Any, index: int) -> None:
        """An optimizer stepped; the first time it is looked at closely."""
        if index in self.counts:
            self.counts[index] += 1
            return
        self.counts[index] = 1
        site = self._tap.site_of(optimizer)
        group = optimizer.param_groups[0]
        for own in optimizer.param_groups:
            for p in own["params"]:
                number = self._parameters.number(p)
                owners = self._parameters.owners.setdefault(number, [])
                if index not in owners:
                    owners.append(index)
        suffix = "" if index == 0 else f"_{index}"
        self._settings["learning_rate" + suffix] = Setting(float(group["lr"]), site)
        if "eps" in group:
            self._settings["adam_eps" + suffix] = Setting(float(group["eps"]), site)
        if group.get("weight_decay"):
            self._settings["weight_decay" + suffix] = Setting(float(group["weight_decay"]), site)

    def limited(self, limit: Any) -> None:
        """Gradients are clipped to `limit`."""
        if "max_grad_norm" not in self._settings and limit is not None:
            self._settings["max_grad_norm"] = Setting(float(limit), self._tap.clip_site)

    def clipped(self, parameters: Any, limit: Any, norm: Any) -> Dict[str, Any]:
        """A call of clip_grad_norm_ or clip_grad_value_ on a tensor or several."""
        several = [parameters] if hasattr(parameters, "grad") else list(parameters)
        facts: Dict[str, Any] = {"clip_limit": float(limit) if limit is not None else None}
        facts["clipped_parameters"] = [self._parameters.number(p) for p in several if hasattr(p, "grad")]
        if norm is not None:
            facts["grad_norm"] = float(norm)
        return facts

    def settings(self) -> Dict[str, Setting]:
        """Hyper-parameters as the optimizers and the clipping show them."""
        return dict(self._settings)

    def _norm(self, tensors: List[Any]) -> float:
        """Euclidean norm over all tensors, one transfer from the device."""
        return math.sqrt(sum(norm * norm for norm in self._norms(tensors)))

    def _norms(self, tensors: List[Any]) -> List[float]:
        """Euclidean norm of each tensor; a sparse one counts as 0."""
        dense = [t if t.layout is self._torch.strided else self._torch.zeros(1) for t in tensors]
        if not dense:
            return []
        with self._torch.no_grad():
            found: List[float] = self._torch.stack([n.float() for n in self._torch._foreach_norm(dense)]).tolist()
        return found
