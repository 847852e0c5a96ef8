"""Samples that a mask takes out of the loss: sequences of unequal length are filled up, and the filling counts nothing.

What such rows hold (a ratio of anything, an advantage of zero) says nothing of the script, so a reading leaves them
out. `Term.shape` stays that of the graph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, TypeVar

import numpy as np

from ppodoctor.measures.loss import LossReading, Term
from ppodoctor.measures.terms import Link, RawTerm

Array = Any
Part = TypeVar("Part")

_OF_POLICY = {
    "surrogate": ("ratio", "advantage", "log_prob_new", "log_prob_old"),
    "head": ("logits", "mean", "std", "action", "concentration"),
    "entropy": ("value", "expected"),
}
_OF_VALUE = ("prediction", "target", "old_prediction")
_SHAPES = ("ratio_shape", "advantage_shape", "prediction_shape", "target_shape")


def mask_of(terms: List[RawTerm], at: Optional[int]) -> Optional[Array]:
    """[B] or [B, T] bool: the samples that count in a term; None where all of them do."""
    weights = None if at is None else terms[at].last.weights
    return None if weights is None or np.all(weights != 0) else np.asarray(weights != 0)


def without_padding(reading: LossReading, policy: Optional[Array], value: Optional[Array]) -> LossReading:
    """The reading with the samples alone that the masks of its two terms keep; sequences are flattened by that."""
    if policy is None and value is None:
        return reading
    either = policy if policy is not None else value
    parts: Dict[str, Any] = {name: _kept(getattr(reading, name), names, policy) for name, names in _OF_POLICY.items()}
    parts["value"] = _kept(reading.value, _OF_VALUE, value)
    parts["terms"] = tuple(_of_kept(term, either) for term in reading.terms)
    inputs = {number: _rows(seen, either) for number, seen in reading.inputs.items()}
    for name, mask in (("policy_inputs", policy), ("value_inputs", value)):
        whole = getattr(reading, name)
        # the layer that an input belongs to is told by its being that layer's
        same = next((number for number, seen in reading.inputs.items() if seen is whole), None)
        parts[name] = inputs[same] if same is not None and mask is not None else _rows(whole, mask)
    return replace(reading, inputs=inputs, batch=int(either.sum()) if either is not None else 0, **parts)


def _kept(part: Optional[Part], names: tuple[str, ...], mask: Optional[Array]) -> Optional[Part]:
    if part is None or mask is None:
        return part
    changed = {name: _rows(getattr(part, name), mask) for name in names}
    shapes = (name for name in _SHAPES if tuple(getattr(part, name, ())) == mask.shape)
    changed.update((name, (int(mask.sum()),)) for name in shapes)
    if getattr(part, "elements", 0) == mask.size:
        changed["elements"] = int(mask.sum())
    return replace(part, **changed)  # type: ignore[type-var]


def _rows(value: Optional[Array], mask: Optional[Array]) -> Optional[Array]:
    """The samples kept of an array that has them along its first axes (as the mask has them, or flattened)."""
    if value is None or mask is None:
        return value
    if np.shape(value)[: mask.ndim] == mask.shape:
        return value[mask]
    if mask.shape[-1] == 1 and np.shape(value)[: mask.ndim - 1] == mask.shape[:-1]:
        return value[mask[..., 0]]
    return value[mask.ravel()] if np.shape(value)[:1] == (mask.size,) else value


def _of_kept(term: Term, mask: Optional[Array]) -> Term:
    return term if mask is None or term.elements != mask.size else replace(term, elements=int(mask.sum()))


def as_mean(term: Term, link: Link, surrogate: Optional[Link]) -> Term:
    """A sum over the samples kept, divided by their number, is their mean."""
    kept, lead = link.weights, None if surrogate is None else surrogate.weights
    if kept is None or lead is None or surrogate is None or term.reduction != "sum" or surrogate.reductions != ("sum",):
        return term
    if not np.isclose(abs(surrogate.coefficient) * lead.sum(), 1.0, rtol=1e-3):
        return term
    count = float(kept.sum())
    return replace(term, coefficient=term.coefficient * count, reduction="mean", elements=int(count))
