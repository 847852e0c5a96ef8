"""What happened below one environment call: which object was innermost, which ones were reset.

A trace lists the wrapped calls below an outermost one in the order in which they returned, each as
(entries before it began, object, arguments or None for a reset, what it returned). Standard library only.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ppodoctor.watching.env_agents import by_agent
from ppodoctor.watching.env_values import steps_like

Trace = Sequence[Any]


def innermost(trace: Trace, outer: Any) -> Tuple[List[int], List[Any]]:
    """(indices of the innermost step calls in order, objects whose step returned no step and so are no environments).

    Calls of one object by its own subclass (super().step) count once, with what the object returned in the end; the
    outermost object itself is left out.
    """
    leaves: List[int] = []
    strangers: List[Any] = []
    for k, (start, owner, args, out) in enumerate(trace):
        if args is None:
            continue
        if not steps_like(out):
            strangers += [] if by_agent(out) else [owner]
            continue
        below = [leaf for leaf in leaves if leaf >= start]
        if owner is outer or any(trace[leaf][1] is not owner for leaf in below):
            continue
        leaves = [leaf for leaf in leaves if leaf < start]
        leaves.append(k)
    return leaves, strangers


def first_innermost(trace: Trace, outer: Any) -> Any:
    """The first object whose step was innermost, or None."""
    leaves, _ = innermost(trace, outer)
    return trace[leaves[0]][1] if leaves else None


class Part:
    """One object directly below the outermost, and what its last step and last reset returned (None: not called)."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.step: Any = None
        self.reset: Any = None


def parts(trace: Trace, outer: Any, count: int) -> List[Part]:
    """The objects directly below `outer`, in the order of their first call.

    A single object that holds several environments (the vector environment below a vector wrapper) is looked through
    until `count` objects are met.
    """
    span = (0, len(trace))
    while True:
        found, inside = _directly_below(trace, outer, span)
        if count <= 1 or len(found) != 1 or inside is None:
            return found
        outer, span = found[0].owner, inside


def _directly_below(trace: Trace, outer: Any, span: Tuple[int, int]) -> Tuple[List[Part], Optional[Tuple[int, int]]]:
    low, k = span[0], span[1] - 1
    calls: List[int] = []
    inside: Optional[Tuple[int, int]] = None
    while k >= low:
        start, owner, args, _ = trace[k]
        if owner is outer:
            k -= 1  # its own super().step: what lies below belongs to it
            continue
        calls.append(k)
        if args is not None:
            inside = (start, k)
        k = start - 1
    found: Dict[int, Part] = {}
    for k in reversed(calls):
        _, owner, args, out = trace[k]
        part = found.setdefault(id(owner), Part(owner))
        if args is None:
            part.reset = out
        else:
            part.step = out
    return list(found.values()), inside


def resets(trace: Trace) -> List[Any]:
    """The objects that were reset below the call."""
    return [owner for _, owner, args, _ in trace if args is None]
