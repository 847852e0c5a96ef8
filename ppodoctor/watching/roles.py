"""What the readings taught so far: first and last layers, whose parameter is whose, which settings are in force."""

from __future__ import annotations

from typing import Any, Dict, Optional, Set

from ppodoctor.measures.graph import LAYERS
from ppodoctor.measures.loss import LossReading, Term
from ppodoctor.records import Setting, Site
from ppodoctor.specimens import LossGraph


class Roles:
    """Grows with every reading."""

    def __init__(self) -> None:
        self.first: Set[int] = set()
        self.heads: Set[int] = set()
        self.seen: Set[int] = set()
        self._policy: Set[int] = set()
        self._value: Set[int] = set()
        self._settings: Dict[str, Setting] = {}

    def learn(self, graph: LossGraph, reading: LossReading) -> None:
        """Take over what one loss shows."""
        for node in graph.nodes:
            if node.op == "Accumulate" and node.param >= 0:
                self.seen.add(node.param)
            if node.op in LAYERS and node.module >= 0:
                if "input" in node.saved:
                    self.first.add(node.module)
                if "result" in node.saved:
                    self.heads.add(node.module)
        self._policy.update(reading.policy_parameters)
        self._value.update(reading.value_parameters)
        self._learn_settings(reading)

    def by_parameter(self) -> Dict[int, str]:
        """Parameter index -> policy, value, shared."""
        roles = dict.fromkeys(self._policy, "policy")
        roles.update({index: "shared" if index in self._policy else "value" for index in self._value})
        return roles

    def settings(self) -> Dict[str, Setting]:
        """Hyper-parameters as the loss shows them."""
        return dict(self._settings)

    def _learn_settings(self, reading: LossReading) -> None:
        surrogate, value = reading.surrogate, reading.value
        if surrogate is not None and surrogate.clip_high is not None and surrogate.clip_low is not None:
            half = (surrogate.clip_high - surrogate.clip_low) / 2
            self._set("clip_range", round(half, 6), surrogate.clip_site or surrogate.site)
            self._set("clip_low", surrogate.clip_low, surrogate.clip_site)
            self._set("clip_high", surrogate.clip_high, surrogate.clip_site)
        if surrogate is not None and reading.batch:
            self._set("minibatch_size", reading.batch, None)
        if value is not None and value.clipped:
            self._set("value_clip_range", value.clip_range, value.site)
        for term in reading.terms:
            self._term(term)

    def _term(self, term: Term) -> None:
        name = {"value": "value_coefficient", "entropy": "entropy_coefficient", "log_prob": "entropy_coefficient"}.get(
            term.kind
        )
        if name == "value_coefficient":
            self._set(name, term.coefficient, term.site)
        elif name is not None:
            self._set(name, -term.coefficient, term.site)

    def _set(self, name: str, value: Any, site: Optional[Site]) -> None:
        known = self._settings.get(name)
        if known is None:
            self._settings[name] = Setting(value, site)
        elif known.where is None and site is not None:
            known.where = site
