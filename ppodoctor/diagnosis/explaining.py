"""What explains what: consequences under their roots, roots in the order in which they should be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ppodoctor.checks.api import CAUSE, EXACT, MEASURED, RULE
from ppodoctor.diagnosis.classes import LookAlike
from ppodoctor.findings import Finding

_CERTAIN_FIRST = (EXACT, MEASURED, RULE)

SYMPTOMS = frozenset(
    {
        "entropy_collapsed",
        "one_action_dominates",
        "value_function_blind",
        "steps_too_large",
        "policy_frozen",
        "policy_stays_uniform",
        "return_below_random",
        "return_peaked_then_fell",
        "action_std_drifts",
        "actions_saturated",
        "gradient_clip_dominates",
        "units_dead",
        "units_saturated",
        "plasticity_lost",
        "idle_policy_wins",
    }
)
"""What a run looks like, whatever made it so: a cause of any other kind explains these."""

_ROOT_FAMILIES = frozenset({"update", "advantage", "data", "env", "reward", "network", "config"})


def rank(found: Sequence[Finding], kinds: Sequence[LookAlike]) -> list[Finding]:
    """Causes first, faults before symptoms, the exact before the measured before rules, the grave before the mild.

    Among equals: what the curves' class speaks for, then the stronger, then the earlier one.
    """
    spoken_for = {check: place for kind in reversed(kinds) for place, check in enumerate(kind.order)}

    def key(finding: Finding) -> tuple[object, ...]:
        return (
            finding.severity != CAUSE,
            finding.id in SYMPTOMS,
            _CERTAIN_FIRST.index(finding.basis),
            finding.check.mild,
            spoken_for.get(finding.id, 99),
            -finding.confidence,
            finding.first_update if finding.first_update is not None else 10**9,
            finding.id,
        )

    return sorted(found, key=key)


def nest(ranked: Sequence[Finding], kinds: Sequence[LookAlike]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """(causes, notes): every finding once, a finding that follows from a cause inside that cause."""
    parents: dict[str, list[str]] = {finding.id: [] for finding in ranked}
    for cause in ranked:
        for other in ranked:
            if _explains(cause, other, kinds) and not _reaches(other.id, cause.id, parents):
                parents[other.id].append(cause.id)
    by_id = {finding.id: finding for finding in ranked}
    roots = [f for f in ranked if not parents[f.id]]

    def grown(finding: Finding) -> Finding:
        children = [by_id[name] for name, above in parents.items() if above and above[0] == finding.id]
        return replace(
            finding,
            explained_by=tuple(parents[finding.id]),
            consequences=tuple(grown(child) for child in children),
        )

    return (
        tuple(grown(f) for f in roots if f.severity == CAUSE),
        tuple(grown(f) for f in roots if f.severity != CAUSE),
    )


def _explains(cause: Finding, other: Finding, kinds: Sequence[LookAlike]) -> bool:
    if cause.id == other.id or (cause.severity != CAUSE and other.severity == CAUSE):
        return False
    if other.id in cause.check.explains:
        return True
    if cause.severity != CAUSE or other.basis == EXACT:
        return False
    if cause.id not in SYMPTOMS and cause.check.family in _ROOT_FAMILIES and other.id in SYMPTOMS:
        return True
    return any(_before(kind.order, cause.id, other.id) for kind in kinds)


def _before(order: Sequence[str], first: str, second: str) -> bool:
    return first in order and second in order and order.index(first) < order.index(second)


def _reaches(start: str, goal: str, parents: dict[str, list[str]]) -> bool:
    """Is `start` already an ancestor of `goal`? An edge back would make a circle."""
    waiting, seen = list(parents[goal]), set()
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            waiting += parents[name]
    return False
