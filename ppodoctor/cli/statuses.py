"""Exit statuses, and the error that becomes a sentence."""

from __future__ import annotations

HEALTHY_STATUS, CAUSE_STATUS, WRONG_USE, UNDECIDED_STATUS = 0, 1, 2, 3
JUDGING = "Exit status: 0 healthy, 1 a cause was found, 2 wrong use or the script itself failed, 3 undecided."
DOING = "Exit status: 0 done, 2 wrong use or it could not be done."


class UsageError(Exception):
    """What was seen, what was expected, what to do: printed as it is."""


def status_of(verdict: str, problem: str = "") -> int:
    """The exit status of a diagnosis; a script that failed by itself comes before any verdict."""
    if problem:
        return WRONG_USE
    from ppodoctor.findings import CAUSE_FOUND, HEALTHY

    return {HEALTHY: HEALTHY_STATUS, CAUSE_FOUND: CAUSE_STATUS}.get(verdict, UNDECIDED_STATUS)
