"""Diagnosis as plain data: what `diagnose` returns and every report reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ppodoctor.checks.api import Check, Evidence
from ppodoctor.records import Site

HEALTHY, CAUSE_FOUND, UNDECIDED = "healthy", "cause_found", "undecided"


@dataclass(frozen=True)
class Finding:
    """A check that found something in this run."""

    check: Check
    evidence: tuple[Evidence, ...]
    confidence: float
    """0-1: probability that the fault is present, from the basis and the measured rates."""
    basis: str
    severity: str
    explained_by: tuple[str, ...] = ()
    """Ids of findings this one follows from."""
    consequences: tuple[Finding, ...] = ()
    """Findings that follow from this one, shown under it."""

    @property
    def id(self) -> str:
        return self.check.id

    @property
    def where(self) -> tuple[Site, ...]:
        """Every place the evidence names, once each, in order."""
        seen: dict[tuple[str, int], Site] = {}
        for item in self.evidence:
            for site in item.where:
                seen.setdefault((site.file, site.line), site)
        return tuple(seen.values())

    @property
    def first_update(self) -> int | None:
        """The earliest update at which the evidence could be seen."""
        return min((e.first_update for e in self.evidence if e.first_update is not None), default=None)

    @property
    def fix(self) -> str:
        return next((e.fix for e in self.evidence if e.fix), self.check.fix)


@dataclass(frozen=True)
class Skipped:
    """A check that could not run, and what was missing."""

    check: Check
    missing: tuple[str, ...]
    remedy: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """The answer to "why does it not learn"."""

    verdict: str
    """healthy, cause_found or undecided."""
    summary: str
    """One or two sentences a person reads first."""
    causes: tuple[Finding, ...] = ()
    """Roots, the likeliest explanation of the failure first."""
    notes: tuple[Finding, ...] = ()
    """True deviations that do not explain a failure."""
    clear: tuple[Check, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    learning: dict[str, Any] = field(default_factory=dict)
    """How the return went: {"status": learned|improving|flat|collapsed|anti|unknown, "text": sentence, numbers...}."""
    reassurance: tuple[str, ...] = ()
    """Worrying-looking numbers that are normal here, and why."""
    next_steps: tuple[str, ...] = ()
    """What to run to decide what is undecided."""
    loss_text: str = ""
    """The loss as the graph tells it."""
    fits: tuple[dict[str, Any], ...] = ()
    """Fitted variants: {"what": "advantages", "variant": sentence, "residual": x, "runner_up": sentence, ...}."""
