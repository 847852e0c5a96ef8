"""Whether a run is beyond repair: what its settings broke or froze, as far as exact evidence shows it."""

from __future__ import annotations

from pathlib import Path

HOPELESS = ("update_not_finite", "parameters_never_move", "policy_frozen", "learning_rate_zero")
"""Checks whose findings no further training undoes. Faults of the code are not among them: every arm shares those."""


def beyond_repair(folder: Path) -> str:
    """The first such finding in a run folder, in a sentence; empty for none."""
    from ppodoctor.checks import all_checks
    from ppodoctor.diagnosis.engine import examine
    from ppodoctor.run import Run, RunError

    try:
        run = Run.load(folder)
    except RunError:
        return ""
    for name in HOPELESS:
        evidence = examine(all_checks()[name], run).evidence
        if evidence:
            return f"{name}: {evidence[0].text}"
    return ""
