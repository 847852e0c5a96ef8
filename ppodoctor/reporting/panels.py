"""Panels out of a Run: the return with its interval, and the curves that findings speak of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ppodoctor.checks.api import Evidence
from ppodoctor.findings import Diagnosis, Finding
from ppodoctor.records import columns
from ppodoctor.reporting.plots import MOST_POINTS, Mark, Panel, Series
from ppodoctor.reporting.words import count, number, one_line
from ppodoctor.run import Run

Band = tuple[float | None, float | None]

OVERVIEW = ("approx_kl", "clip_fraction", "entropy", "explained_variance", "value_loss", "grad_norm")
"""The curves that people look at first; shown whether or not a finding speaks of them."""
MOST_BINS = 60
FEWEST_FOR_INTERVAL = 5
"""Episodes a bin needs before an interval around its mean is worth drawing."""


def panels_of(run: Run, diagnosis: Diagnosis) -> tuple[Panel, ...]:
    """The return first, then the columns of the findings in their order, then the overview."""
    spoken = evidence_by_column(diagnosis)
    names = [*spoken, *(name for name in OVERVIEW if name not in spoken)]
    known = columns()
    shown = [column_panel(run, name, spoken.get(name, ())) for name in names if name in known and run.has(name)]
    first = return_panel(run)
    return (*([first] if first else []), *shown)


def evidence_by_column(diagnosis: Diagnosis) -> dict[str, list[Evidence]]:
    """Column -> what the findings say of it, causes before notes."""
    found: dict[str, list[Evidence]] = {}
    for finding in every_finding((*diagnosis.causes, *diagnosis.notes)):
        for item in finding.evidence:
            if item.column:
                found.setdefault(item.column, []).append(item)
    return found


def every_finding(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Each finding, then those that follow from it."""
    for finding in findings:
        yield finding
        yield from every_finding(finding.consequences)


def column_panel(run: Run, name: str, evidence: Sequence[Evidence] = ()) -> Panel:
    """One column over the updates, with the healthy band and the stretch that the evidence names."""
    facts = columns()[name]
    x = np.array([row.update for row in run.updates], dtype=np.float64)
    y = run.column(name)
    band = next((b for b in map(healthy_band, evidence) if b is not None), None)
    return Panel(
        id=f"panel-{name}",
        title=name,
        x_label="update",
        y_label=facts["unit"],
        series=(Series(name, *thinned(x, y)),),
        caption=_caption(name, y, band),
        band=band,
        marks=tuple(_marks(evidence)),
        column=name,
    )


def healthy_band(evidence: Evidence) -> Band | None:
    """The healthy values that an evidence carries, as (low, high) with None for an open side."""
    given = evidence.data.get("healthy")
    if not isinstance(given, list | tuple) or len(given) != 2:
        return None
    low, high = (_finite(side) for side in given)
    return None if low is None and high is None else (low, high)


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer):
        return None
    return float(value) if math.isfinite(value) else None


def _marks(evidence: Iterable[Evidence]) -> Iterable[Mark]:
    spans = {item.span for item in evidence if item.span is not None}
    firsts = {item.first_update for item in evidence if item.first_update is not None}
    for first, last in sorted(spans):
        yield Mark("x", float(first), "where the evidence is", float(last))
    if firsts:
        yield Mark("x", float(min(firsts)), f"first seen: update {min(firsts)}")


def _caption(name: str, y: np.ndarray, band: Band | None) -> str:
    seen = y[np.isfinite(y)]
    if not seen.size:
        return f"{name} was never a finite number."
    first, last = number(float(seen[0])), number(float(seen[-1]))
    course = f"{name} went from {first} to {last}" if seen.size > 1 else f"{name} was {first}, seen once"
    if band is not None:
        low, high = -math.inf if band[0] is None else band[0], math.inf if band[1] is None else band[1]
        outside = int(np.sum((seen < low) | (seen > high)))
        course += f" and was outside the healthy band in {outside} of {count(seen.size, 'update')}"
    lost = y.size - seen.size
    return f"{course}{f'; it was not observed or not finite in {lost}' if lost else ''}."


def return_panel(run: Run) -> Panel | None:
    """The episodes' return over the steps, as means of neighbouring episodes with 95% intervals."""
    train = {env.stream for env in run.envs if env.role != "evaluate"}
    episodes = [e for e in run.episodes if (not train or e.stream in train) and math.isfinite(e.ret)]
    if not episodes:
        return None
    steps = np.array([e.step for e in episodes], dtype=np.float64)
    returns = np.array([e.ret for e in episodes], dtype=np.float64)
    order = np.argsort(steps, kind="stable")
    size = max(FEWEST_FOR_INTERVAL, math.ceil(len(episodes) / MOST_BINS))
    few = len(episodes) < 3 * FEWEST_FOR_INTERVAL
    line = _dots(steps[order], returns[order]) if few else _binned(steps[order], returns[order], size)
    half = max(1, min(len(episodes) // 4, 100))
    early, late = returns[order][:half].mean(), returns[order][-half:].mean()
    how = "each dot is one episode" if few else f"means of {size} episodes with 95% intervals"
    return Panel(
        id="panel-return",
        title="Return",
        x_label="environment steps",
        y_label="return of an episode",
        series=(line,),
        caption=f"Return of {count(len(episodes), 'episode')}, {how}: "
        f"{number(float(early))} over the first {half}, {number(float(late))} over the last {half}.",
        marks=tuple(_baselines(run)),
    )


def _dots(x: np.ndarray, y: np.ndarray) -> Series:
    return Series("return", tuple(x.tolist()), tuple(y.tolist()), points=True)


def _binned(x: np.ndarray, y: np.ndarray, size: int) -> Series:
    groups = np.array_split(np.arange(len(x)), max(len(x) // size, 1))
    middle = [float(x[g].mean()) for g in groups]
    mean = [float(y[g].mean()) for g in groups]
    spread = [student_t(len(g) - 1) * float(y[g].std(ddof=1)) / math.sqrt(len(g)) for g in groups]
    low = tuple(m - s for m, s in zip(mean, spread, strict=True))
    high = tuple(m + s for m, s in zip(mean, spread, strict=True))
    return Series("return", tuple(middle), tuple(mean), low, high)


def student_t(df: int) -> float:
    """The 97.5% quantile of Student's t, by the expansion in 1 / df (Abramowitz and Stegun 26.7.5); df >= 3."""
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + float(sum(term / df**power for power, term in enumerate(terms, 1)))


def _baselines(run: Run) -> Iterable[Mark]:
    names = {"random": "random actions", "zero": "zero actions", "constant": "best constant action"}
    for env in run.train_envs[:1]:
        for name, label in names.items():
            returns = env.baseline.get(name)
            values = [v for v in map(_finite, returns) if v is not None] if isinstance(returns, list | tuple) else []
            if values:
                mean = sum(values) / len(values)
                yield Mark("y", mean, f"{label}, mean: {number(mean)}")


def thinned(
    x: np.ndarray, y: np.ndarray, most: int = MOST_POINTS
) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    """At most `most` points that keep every stretch's lowest and highest value, so that no spike is lost."""
    keep = np.arange(len(x)) if len(x) <= most else np.unique(np.concatenate([*_extremes(y, most // 2)]))
    values = tuple(float(v) if math.isfinite(v) else None for v in y[keep])
    return tuple(float(v) for v in x[keep]), values


def _extremes(y: np.ndarray, stretches: int) -> Iterable[np.ndarray]:
    yield np.array([0, len(y) - 1])
    for part in np.array_split(np.arange(len(y)), stretches):
        seen = part[np.isfinite(y[part])]
        if seen.size:
            yield np.array([seen[np.argmin(y[seen])], seen[np.argmax(y[seen])]])
        else:
            yield part[:1]


def glossary_of(shown: Iterable[Panel]) -> dict[str, str]:
    """The columns that panels show -> what they mean."""
    known = columns()
    return {
        panel.column: one_line("; ".join(part for part in _meaning(known[panel.column]) if part))
        for panel in shown
        if panel.column in known
    }


def _meaning(facts: dict[str, str]) -> tuple[str, ...]:
    unit, over = facts["unit"], facts["over"]
    return facts["meaning"], f"in {unit}" if unit else "", f"averaged over {over}" if over else ""
