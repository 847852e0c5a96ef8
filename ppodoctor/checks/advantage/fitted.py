"""Evidence from the fitted recursion: what the checks of this family have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ppodoctor.checks.api import NOTE, Evidence, Missing
from ppodoctor.measures.blame import CreditLines, credit_lines
from ppodoctor.measures.credit import Fit, fit_advantages, fit_targets
from ppodoctor.measures.credit_deviations import Deviation
from ppodoctor.records import Site
from ppodoctor.run import Run

SMALL = 0.05
"""Root mean square change of the quantity, in its standard deviations, below which a deviation is only a note."""


def fits(run: Run) -> tuple[Fit, ...]:
    """The fits of a run, advantages first; raises Missing when nothing could be fitted."""
    found = fit_advantages(run) + fit_targets(run)
    if not found:
        raise Missing("no minibatch whose samples could be matched to recorded environment steps")
    return found


def deviations(run: Run, *kinds: str) -> list[tuple[Fit, Deviation]]:
    """Proven deviations of these kinds, the one that changes most first; one per quantity."""
    found: dict[str, tuple[Fit, Deviation]] = {}
    for fit in fits(run):
        for deviation in fit.deviations:
            if deviation.kind in kinds and (fit.what not in found or deviation.rows > found[fit.what][1].rows):
                found[fit.what] = (fit, deviation)
    return sorted(found.values(), key=lambda one: -one[1].rows)


def evidence(run: Run, *kinds: str, does: str, where: str, strength: float = 1.0) -> Iterator[Evidence]:
    """One sentence for all quantities that show a deviation.

    Args:
        run: The run.
        kinds: Kinds of deviations.
        does: What the script does, as a clause.
        where: Fields of `CreditLines` to look for the line in, best first, separated by spaces.
        strength: How much of the claim is carried.
    """
    found = deviations(run, *kinds)
    if not found:
        return
    fit, deviation = found[0]
    effect = impact(deviation)
    yield Evidence(
        text=f"{does}: {proof(fit, deviation)}",
        where=sites(run, where),
        strength=strength,
        first_update=min(one.first_update for _, one in found),
        severity=NOTE if effect is not None and effect < SMALL else None,
        data={
            "gamma": fit.gamma,
            "lambda": fit.lam,
            "residual": fit.residual,
            "runner_up_residual": fit.runner_up_residual,
            "rows": deviation.rows,
            "changed_share": deviation.share,
            "impact": effect,
        },
    )


def impact(deviation: Deviation) -> float | None:
    """Root mean square change over all samples, in standard deviations of the quantity."""
    if not math.isfinite(deviation.error):
        return None
    return deviation.error * math.sqrt(deviation.share)


def proof(fit: Fit, deviation: Deviation) -> str:
    """How well the variant meets the numbers, and how many would differ without it."""
    met = f"{fit.winner} meets {fit.explained:.1%} of {fit.rows} {fit.what} to rounding"
    share = f"{deviation.rows} of them ({deviation.share:.0%})"
    if math.isfinite(deviation.error):
        return f"{met}; done right, {share} would differ, by {deviation.error:.2g} standard deviations"
    return f"{met}; {share} rest on it, and the value that the right way needs was never computed"


def sites(run: Run, fields: str) -> tuple[Site, ...]:
    """Likely lines of the script, the first kind of line that was found."""
    fitted = next((fit.gamma for fit in (*fit_advantages(run), *fit_targets(run)) if fit.exact), None)
    lines: CreditLines = credit_lines(run, fitted)
    for name in fields.split():
        found: tuple[Site, ...] = getattr(lines, name)
        if found:
            return found[:2]
    return ()
