"""The recorded minibatches from the side of one loss term, with what was observed around them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ppodoctor.measures.loss import EntropyTerm, LossReading, Surrogate, Term, ValueLoss
from ppodoctor.measures.reading import readings
from ppodoctor.measures.telemetry import log_ratio
from ppodoctor.records import Site
from ppodoctor.run import Run


@dataclass(frozen=True)
class PolicyMinibatch:
    """A backward call with a policy term in it."""

    reading: LossReading
    surrogate: Surrogate
    term: Term
    facts: Dict[str, Any]
    """Observed between this backward call and the optimizer step, other calls before that step included."""
    start_version: int
    """Optimizer steps taken before the first recorded backward call of the update."""

    @property
    def in_order(self) -> bool:
        """Is this the rollout's own policy still (no optimizer step since)?"""
        return self.reading.version == self.start_version

    @property
    def rounding(self) -> float:
        """How far a log-ratio may be from 0 by rounding alone."""
        inputs = self.reading.policy_inputs
        return 1e-9 if inputs is not None and inputs.dtype == np.float64 else 2e-5

    @property
    def log_ratio_size(self) -> Optional[float]:
        """Largest |log ratio| in the minibatch."""
        logs = log_ratio(self.reading)
        return None if logs is None or logs.size == 0 or not np.isfinite(logs).all() else float(np.abs(logs).max())

    def sites(self, *preferred: Optional[Site]) -> Tuple[Site, ...]:
        """The first known of the preferred places, else the policy term's."""
        found = [site for site in (*preferred, self.surrogate.site, self.term.site) if site is not None]
        return tuple(found[:1])


@lru_cache(maxsize=8)
def policy_minibatches(run: Run) -> Tuple[PolicyMinibatch, ...]:
    """Every recorded backward call with a policy term, in order."""
    found = []
    starts = _start_versions(run)
    for number, (minibatch, reading) in enumerate(zip(run.minibatches, readings(run))):
        term = next((t for t in reading.terms if t.kind in ("surrogate", "policy_gradient")), None)
        if reading.surrogate is not None and term is not None:
            start = starts[minibatch.update]
            found.append(PolicyMinibatch(reading, reading.surrogate, term, _until_step(run, number), start))
    return tuple(found)


def _until_step(run: Run, number: int) -> Dict[str, Any]:
    """A minibatch's facts, with those of the calls behind it (a critic's own loss) up to the next optimizer step."""
    first = run.minibatches[number]
    facts = dict(first.facts)
    for place, later in enumerate(run.minibatches[number + 1 : number + 3], 1):
        together = later.update == first.update and later.index == first.index + place
        if "step_grad_norm" in facts or not together or later.facts.get("fresh_step", True):
            break
        facts = {**{name: fact for name, fact in later.facts.items() if name in _OF_STEP}, **facts}
    return facts


_OF_STEP = (
    "clip_limit",
    "clipped_parameters",
    "clip_calls",
    "grad_norm",
    "grad_norm_after",
    "step_grad_norm",
    "step_without_grad",
    "update_size",
)


def _start_versions(run: Run) -> Dict[int, int]:
    starts: Dict[int, int] = {}
    for minibatch in run.minibatches:
        starts[minibatch.update] = min(starts.get(minibatch.update, minibatch.version), minibatch.version)
    return starts


@lru_cache(maxsize=8)
def value_minibatches(run: Run) -> Tuple[Tuple[LossReading, ValueLoss, Term], ...]:
    """Every recorded backward call with a value term."""
    found = []
    for reading in readings(run):
        term = next((t for t in reading.terms if t.kind == "value"), None)
        if reading.value is not None and term is not None:
            found.append((reading, reading.value, term))
    return tuple(found)


@lru_cache(maxsize=8)
def entropy_minibatches(run: Run) -> Tuple[Tuple[LossReading, EntropyTerm, Term], ...]:
    """Every recorded backward call with an entropy-like term."""
    found = []
    for reading in readings(run):
        term = next((t for t in reading.terms if t.kind in ("entropy", "log_prob")), None)
        if reading.entropy is not None and term is not None:
            found.append((reading, reading.entropy, term))
    return tuple(found)


def sites_of(*places: Optional[Site]) -> Tuple[Site, ...]:
    """The places that are known, once each."""
    found: Dict[Tuple[str, int], Site] = {}
    for place in places:
        if place is not None:
            found.setdefault((place.file, place.line), place)
    return tuple(found.values())


def site_over(items: Tuple[Any, ...], name: str) -> Optional[Site]:
    """The first known site of that name over several readings (only traced minibatches know lines)."""
    return next((getattr(item, name) for item in items if getattr(item, name, None) is not None), None)
