"""What a check is: one decorated pure function in one file; the decorator holds facts for machines.

The function's docstring is its page, its keyword defaults are its thresholds, its body yields Evidence. See DESIGN.md
section 4 and `ppodoctor checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ppodoctor.records import Site
from ppodoctor.run import Run

CAUSE, NOTE = "cause", "note"
"""Severity: a cause explains a failure to learn; a note is a true deviation that need not hurt."""

EXACT, MEASURED, RULE = "exact", "measured", "rule of thumb"
"""What a finding rests on: an identity that holds or not; a threshold with measured hit and false-alarm rates
(docs/quality.md); a published rule with its source."""


@dataclass(frozen=True)
class Evidence:
    """A sentence with numbers, and where it was seen."""

    text: str
    where: tuple[Site, ...] = ()
    column: str | None = None
    span: tuple[int, int] | None = None
    """First and last update the column shows it in."""
    strength: float = 1.0
    """0-1: how much of the check's claim this evidence carries."""
    basis: str | None = None
    """EXACT, MEASURED or RULE; None takes the check's own."""
    first_update: int | None = None
    """The first update from which this evidence could be seen."""
    severity: str | None = None
    """Overrides the check's severity (a cause that here can only be a note)."""
    data: dict[str, Any] = field(default_factory=dict)
    """Numbers for the report: {"seen": x, "healthy": (low, high), ...}; "healthy" speaks of the values of `column`."""
    fix: str | None = None
    """A fix more concrete than the check's, with the changed line where possible."""


@dataclass(frozen=True)
class Check:
    """One fault the program can name."""

    id: str
    family: str
    title: str
    """One plain sentence, no jargon beyond the field's terms."""
    fix: str
    function: Callable[..., Iterator[Evidence]]
    severity: str = CAUSE
    tolerable: bool = False
    """Scripts that learn well do this too: a cause only when the run does not learn and nothing else explains it."""
    mild: bool = False
    """A mistake that learning can survive: a note while the run learns, a cause otherwise."""
    basis: str = EXACT
    faults: tuple[int, ...] = ()
    """Numbers in the fault list (docs/faults.md)."""
    needs: tuple[str, ...] = ()
    """Columns, or "minibatches", "rollouts", "calls", "episodes", "source", "envs", "parameters", "optimizers"."""
    explains: tuple[str, ...] = ()
    """Ids of checks whose findings follow from this one."""
    rivals: tuple[str, ...] = ()
    """Ids of checks that share its curves and are told apart by the test named on the page."""
    refuted_by: str = ""
    """What observation would show that the finding is wrong."""
    treatments: tuple[str, ...] = ()
    """Changes that would cure it, as "name=value" or "name*factor" of a setting."""
    references: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The check's page: its docstring."""
        return self.function.__doc__ or ""


_REGISTRY: dict[str, Check] = {}


class Missing(Exception):
    """Raised by a measure or a check when the run lacks what is needed; the check is skipped, visibly."""


def check(
    *, title: str, fix: str, **facts: Any
) -> Callable[[Callable[..., Iterator[Evidence]]], Callable[..., Iterator[Evidence]]]:
    """Register a function as a check. Its name is the check's id, the folder it lies in the family."""

    def register(function: Callable[..., Iterator[Evidence]]) -> Callable[..., Iterator[Evidence]]:
        family = function.__module__.split(".")[2]
        made = Check(id=function.__name__, family=family, title=title, fix=fix, function=function, **facts)
        if made.id in _REGISTRY and _REGISTRY[made.id].function.__module__ != function.__module__:
            raise ValueError(f"two checks are called {made.id}: in {_REGISTRY[made.id].function.__module__} and here")
        _REGISTRY[made.id] = made
        return function

    return register


def missing_for(check: Check, run: Run) -> tuple[str, ...]:
    """Which of the check's needs this run does not have."""
    return tuple(need for need in check.needs if not _has(run, need))


def _has(run: Run, need: str) -> bool:
    tables: dict[str, Iterable[Any]] = {
        "minibatches": run.minibatches,
        "rollouts": run.rollouts,
        "calls": run.calls,
        "episodes": run.episodes,
        "source": run.source,
        "envs": run.envs,
        "parameters": run.parameters,
        "optimizers": run.optimizers,
        "updates": run.updates,
    }
    return bool(tables[need]) if need in tables else run.has(need)
