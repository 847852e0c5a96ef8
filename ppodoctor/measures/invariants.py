"""The sixteen invariants of a correct PPO update, each with its number; usable from the first update on.

Their numbering is that of docs/faults.md. `holds` is None where a run does not show what an invariant needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Optional, Tuple

from ppodoctor.run import Run


@dataclass(frozen=True)
class Invariant:
    """One invariant, as this run shows it."""

    id: str
    """I1 to I16."""
    title: str
    """What should hold."""
    holds: Optional[bool] = None
    number: Optional[float] = None
    """The measured quantity; what it is stands in the sentence."""
    sentence: str = ""
    """What was measured, or what was missing."""
    first_update: Optional[int] = None
    """The first update in which it was violated, or could be tested."""


Answer = Tuple[Optional[bool], Optional[float], str, Optional[int]]
Test = Callable[[Run], Answer]


@lru_cache(maxsize=8)
def invariants(run: Run) -> Tuple[Invariant, ...]:
    """All sixteen, in order."""
    from ppodoctor.measures.invariants_data import TESTS as DATA
    from ppodoctor.measures.invariants_update import TESTS as UPDATE

    tests = {**UPDATE, **DATA}
    found = []
    for number in range(1, 17):
        name = f"I{number}"
        title, test = tests[name]
        found.append(Invariant(name, title, *_tested(test, run)))
    return tuple(found)


def _tested(test: Test, run: Run) -> Answer:
    """A test that fails by itself is visible, and takes nothing else with it."""
    try:
        return test(run)
    except Exception as error:
        return unknown(f"the test itself failed ({type(error).__name__}: {error})")


def unknown(what: str) -> Answer:
    """The answer where something was not recorded."""
    return None, None, f"not tested: {what}", None
