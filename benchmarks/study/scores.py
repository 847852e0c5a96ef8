"""Counts what the tool said against what was planted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from planter.cases import Case
from planter.fault import Fault

from .runner import Outcome

Z95 = 1.959964
# A planted script that gains so much of what the plain one gains has not been harmed.
AS_GOOD = 0.8


@dataclass(frozen=True)
class Rate:
    """A share with its 95% interval after Wilson (1927), which is honest at 0 and at 1 and for few trials."""

    hits: int
    trials: int

    @property
    def share(self) -> float:
        """Hits over trials; not a number without trials."""
        return self.hits / self.trials if self.trials else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; (0, 1) without trials."""
        n = self.trials
        if not n:
            return 0.0, 1.0
        middle = (self.share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * math.sqrt(self.share * (1 - self.share) / n + Z95**2 / (4 * n**2))
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        if not self.trials:
            return "none tried"
        return f"{self.share:.1%} ({self.hits} of {self.trials}; {low:.1%} to {high:.1%})"


@dataclass(frozen=True)
class Scored:
    """One case with what was said about it."""

    case: Case
    outcome: Outcome

    @property
    def cause_ids(self) -> list[str]:
        """Ids of the causes, the likeliest first."""
        return [cause["id"] for cause in self.outcome.causes]

    @property
    def named_ids(self) -> list[str]:
        """Ids of the causes and then of the notes."""
        return self.cause_ids + [note["id"] for note in self.outcome.notes]

    def rank(self, fault: Fault, *, notes: bool) -> int | None:
        """The place, from 1, at which a fault is named; other faults of a set do not push it down."""
        others = {name for other in self.case.faults if other is not fault for name in accepted(other)}
        mine = accepted(fault)
        place = 0
        for name in self.named_ids if notes else self.cause_ids:
            if name in mine:
                return place + 1
            place += name not in others
        return None

    def hit(self, within: int, *, notes: bool) -> bool:
        """Whether every planted fault is named among the first so many."""
        ranks = [self.rank(fault, notes=notes) for fault in self.case.faults]
        return all(rank is not None and rank <= within for rank in ranks)

    def first_update(self) -> int | None:
        """The update at which the last of the planted faults was first seen; None when one was not, or not dated."""
        seen = [self._first_update_of(fault) for fault in self.case.faults]
        dated = [update for update in seen if update is not None]
        return max(dated) if dated and len(dated) == len(seen) else None

    def _first_update_of(self, fault: Fault) -> int | None:
        found = [f for f in self.outcome.causes + self.outcome.notes if f["id"] in accepted(fault)]
        updates = [update for finding in found for update in _first_updates(finding)]
        return min(updates, default=None)


def accepted(fault: Fault) -> set[str]:
    """Every id that describes a fault truly."""
    return {fault.id, *fault.also}


def _first_updates(finding: dict[str, Any]) -> list[int]:
    items = [finding, *(item for item in finding.get("evidence") or [] if isinstance(item, dict))]
    return [item["first_update"] for item in items if isinstance(item.get("first_update"), int)]


def rate(rows: Iterable[Scored], holds: Callable[[Scored], bool]) -> Rate:
    """The share of rows for which something holds."""
    answers = [holds(row) for row in rows]
    return Rate(sum(answers), len(answers))


def answered(rows: Sequence[Scored]) -> list[Scored]:
    """Rows about which the tool gave an answer that could be read."""
    return [row for row in rows if not row.outcome.error]


def kind_of(case: Case) -> str:
    """`exact` when every planted fault is, else `statistical`; `healthy` without a fault."""
    if not case.faults:
        return "healthy"
    return "exact" if all(fault.kind == "exact" for fault in case.faults) else "statistical"


def family_of(case: Case) -> str:
    """The family of the planted fault, or `several`."""
    return case.faults[0].family if len(case.faults) == 1 else "several"


def extra_causes(row: Scored) -> list[str]:
    """Causes that were named beside the planted ones."""
    right = {name for fault in row.case.faults for name in accepted(fault)}
    return [name for name in row.cause_ids if name not in right]


def gain(row: Scored) -> float:
    """How far the return rose, relative to where it began, so that a scaled reward changes nothing; 0 when unknown."""
    initial, late = (row.outcome.learning.get(key) for key in ("initial", "late"))
    if not isinstance(initial, int | float) or not isinstance(late, int | float) or not initial:
        return 0.0
    return (late - initial) / abs(initial)


def harmless(row: Scored, rows: Sequence[Scored]) -> bool:
    """Whether a setting that is planted as too large or small does the script no harm within the time watched.

    Only for faults that curves must show: a script that learns as well with them has no fault to be named. The
    comparison is with the same script unplanted, over the same time; without that, every fault counts as harmful.
    """
    if kind_of(row.case) != "statistical" or row.case.faults[0].family == "reward":
        return False
    healthy = [gain(other) for other in rows if not other.case.faults and other.case.script == row.case.script]
    return bool(healthy) and min(healthy) > 0 and gain(row) >= AS_GOOD * min(healthy)


def summary(rows: Sequence[Scored]) -> dict[str, Any]:
    """All rates of the study as plain data.

    An error of the tool on a planted script counts as a miss; on a healthy one it is listed, and no false alarm.
    Planted settings that did no harm are listed and are in no rate.
    """
    spared = [row for row in rows if row.case.faults and harmless(row, rows)]
    planted = [row for row in rows if row.case.faults and row not in spared]
    healthy = [row for row in rows if not row.case.faults]
    groups = {"all": planted}
    for row in planted:
        groups.setdefault(f"kind {kind_of(row.case)}", []).append(row)
        groups.setdefault(f"family {family_of(row.case)}", []).append(row)
    return {
        "planted": {name: _rates(group) for name, group in sorted(groups.items())},
        "false_alarms": _entry(rate(answered(healthy), lambda row: bool(row.cause_ids))),
        "notes_on_healthy": _entry(rate(answered(healthy), lambda row: bool(row.outcome.notes))),
        "extra_causes_on_planted": _entry(rate(answered(planted), lambda row: bool(extra_causes(row)))),
        "harmless": [_listed(row) for row in spared],
        "misses": [_listed(row) for row in planted if not row.hit(1, notes=True)],
        "false_alarm_list": [_listed(row) for row in healthy if row.cause_ids],
        "errors": [_listed(row) for row in rows if row.outcome.error],
        "first_update": {row.case.label: row.first_update() for row in planted},
    }


def _rates(rows: Sequence[Scored]) -> dict[str, Any]:
    return {
        "top1": _entry(rate(rows, lambda row: row.hit(1, notes=True))),
        "top3": _entry(rate(rows, lambda row: row.hit(3, notes=True))),
        "top1_as_cause": _entry(rate(rows, lambda row: row.hit(1, notes=False))),
        "top3_as_cause": _entry(rate(rows, lambda row: row.hit(3, notes=False))),
        "verdict_cause_found": _entry(rate(rows, lambda row: row.outcome.verdict == "cause_found")),
    }


def _entry(found: Rate) -> dict[str, Any]:
    return {"hits": found.hits, "trials": found.trials, "interval": list(found.interval)}


def _listed(row: Scored) -> dict[str, Any]:
    return {
        "case": row.case.label,
        "planted": [fault.id for fault in row.case.faults],
        "verdict": row.outcome.verdict,
        "causes": row.cause_ids,
        "notes": [note["id"] for note in row.outcome.notes],
        "error": row.outcome.error,
    }
