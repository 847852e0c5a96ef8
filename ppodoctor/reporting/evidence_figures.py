"""Figures from single tensors: the ratio's histogram, the fitted variant against what the script used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ppodoctor.findings import Diagnosis
from ppodoctor.measures.reading import readings
from ppodoctor.reporting.plots import Figure, Histogram, Mark, Scatter
from ppodoctor.reporting.words import count, number, one_line
from ppodoctor.run import Run

MOST_DOTS = 400
BINS = 40


def figures_of(run: Run, diagnosis: Diagnosis) -> tuple[Figure, ...]:
    """What the specimens show."""
    histogram = _last_ratios(run)
    return (*([histogram] if histogram else []), *scatters(diagnosis.fits))


def _last_ratios(run: Run) -> Histogram | None:
    """The ratios of the latest recorded minibatch: the later in an update, the further the policy has moved."""
    for reading in reversed(readings(run)):
        policy = reading.surrogate
        if policy is None or policy.ratio is None or policy.clip_on not in ("ratio", "none"):
            continue
        which = f"minibatch {reading.index + 1} of update {reading.update}"
        found = ratio_histogram(policy.ratio, (policy.clip_low, policy.clip_high), which)
        if found is not None:
            return found
    return None


def scatters(fits: Iterable[dict[str, Any]]) -> Iterable[Scatter]:
    """A scatter for every fit that brings its points: "actual" (what the script used) and "fitted"."""
    for index, fit in enumerate(fits):
        points = _pairs(fit.get("actual"), fit.get("fitted"))
        if points is None:
            continue
        actual, fitted = points
        what = one_line(fit.get("what", "advantages"), 60)
        off = float(np.sqrt(np.mean((actual - fitted) ** 2)) / (actual.std() or 1.0))
        keep = np.linspace(0, len(actual) - 1, min(len(actual), MOST_DOTS)).astype(int)
        yield Scatter(
            id=f"fit-{index}",
            title=f"Fitted against actual {what}",
            x_label=f"{what} as fitted",
            y_label=f"{what} in the script",
            x=tuple(fitted[keep].tolist()),
            y=tuple(actual[keep].tolist()),
            caption=f"{count(len(actual), 'sample')} under the variant that fits best: "
            f"{_text(fit.get('variant'))}; off by {number(off)} of their spread.",
        )


def _text(value: Any) -> str:
    return one_line(value, 300).rstrip(".") if value else "no name given"


def _pairs(actual: Any, fitted: Any) -> tuple[np.ndarray, np.ndarray] | None:
    if actual is None or fitted is None:
        return None
    left, right = (np.asarray(side, dtype=np.float64).ravel() for side in (actual, fitted))
    if len(left) != len(right):
        return None
    both = np.isfinite(left) & np.isfinite(right)
    return (left[both], right[both]) if both.sum() >= 2 else None


def ratio_histogram(ratio: Any, bounds: tuple[float | None, float | None], which: str) -> Histogram | None:
    """The probability ratios of one minibatch, with the clip bounds marked; outliers are counted at the ends."""
    values = np.asarray(ratio, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if values.size < 2:
        return None
    low, high = np.percentile(values, [0.5, 99.5])
    sides = [bound for bound in bounds if bound is not None]
    left, right = min(low, 1.0, *sides), max(high, 1.0, *sides)
    pad = 0.05 * (right - left) or 0.01
    edges = np.linspace(left - pad, right + pad, BINS + 1)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    outside = np.zeros(values.size, bool)
    for bound, beyond in zip(bounds, (np.less, np.greater), strict=True):
        outside |= beyond(values, bound) if bound is not None else False
    clipped = f"; {np.mean(outside):.0%} beyond the clip bounds" if sides else "; no clip bounds were seen"
    return Histogram(
        id="ratio-histogram",
        title="Probability ratios",
        x_label="ratio new / old",
        edges=tuple(edges.tolist()),
        counts=tuple(int(n) for n in counts),
        caption=f"{count(values.size, 'ratio')} of {which}: "
        f"from {number(float(values.min()))} to {number(float(values.max()))}{clipped}.",
        marks=tuple(Mark("x", float(bound), f"clip {number(float(bound))}") for bound in sides),
    )
