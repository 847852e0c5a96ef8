"""What a study's page draws, as plain data; the heat map with its own drawing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from ppodoctor.lab.flags import as_text
from ppodoctor.reporting.markup import Markup, tag
from ppodoctor.reporting.plots import Mark, Panel, Series
from ppodoctor.reporting.svg import FONT, Plot, Scale, text_width
from ppodoctor.reporting.words import count, number
from ppodoctor.tuning.influence import Heat, Influence, heat_of
from ppodoctor.tuning.outcome import Outcome
from ppodoctor.tuning.space import Axis

PAIRS = 3
"""Heat maps of a page: of the settings that matter most."""
CELL = (64, 30)
"""Pixels of a heat map's cell."""


def panels(outcome: Outcome) -> Iterator[Panel]:
    """Every curve of the page, in order."""
    yield from _progress(outcome)
    yield from _stability(outcome)
    axes = {axis.name: axis for axis in outcome.spec.space}
    for influence in outcome.influences:
        yield _response(outcome, axes[influence.name], influence)
    yield from _cost(outcome)


def _progress(outcome: Outcome) -> Iterator[Panel]:
    if len(outcome.progress) < 2:
        return
    xs, ys = zip(*outcome.progress, strict=True)
    default = outcome.default_score
    marks = () if default is None else (Mark("y", default, f"as it is: {number(default)}"),)
    yield Panel(
        id="best-so-far",
        title="Best so far",
        x_label="settings tried",
        y_label="return",
        series=(Series("best so far", xs, ys),),
        caption=f"The best return of {count(len(outcome.candidates), 'setting')}, {number(ys[-1])}, "
        f"was first reached by number {xs[ys.index(ys[-1])]:g}.",
        marks=marks,
    )


def _stability(outcome: Outcome) -> Iterator[Panel]:
    rows = [one for one in outcome.compared if any(score is not None for score in one.scores)]
    if not rows:
        return
    seeds = tuple(float(i + 1) for i in range(outcome.spec.fresh_seeds))
    told = "; ".join(
        f"{one.role} {number(one.mean.value)} ({number(one.mean.low)} to {number(one.mean.high)})"
        for one in rows
        if one.mean is not None
    )
    yield Panel(
        id="fresh-seeds",
        title="Again on fresh seeds",
        x_label="fresh seed",
        y_label="return",
        series=tuple(Series(one.role, seeds, one.scores) for one in rows),
        caption=f"Mean return with 95% interval: {told}." if told else "One seed alone has no interval.",
    )


def _response(outcome: Outcome, axis: Axis, influence: Influence) -> Panel:
    levels = influence.levels
    where = [(_at(axis, one.low) + _at(axis, one.high)) / 2 for one in levels]
    known = [one.mean if math.isnan(one.mean_low) else one.mean_low for one in levels]
    high = [one.mean if math.isnan(one.mean_high) else one.mean_high for one in levels]
    dots = [(_at(axis, one.settings[axis.name]), one.scores[0]) for one in outcome.good]
    xs, ys = zip(*dots, strict=True)
    low_end, high_end = levels[influence.safe[0]].low, levels[influence.safe[1]].high
    return Panel(
        id=f"response-{axis.name}",
        title=axis.name,
        x_label=_label(axis),
        y_label="return",
        series=(
            Series("mean", tuple(where), tuple(one.mean for one in levels), tuple(known), tuple(high)),
            Series("settings", xs, ys, points=True),
        ),
        caption=f"{influence.share:.0%} of the differences; little is lost from {as_text(low_end)} to "
        f"{as_text(high_end)}. Means with 95% intervals, whatever else was varied.",
    )


def _cost(outcome: Outcome) -> Iterator[Panel]:
    good = outcome.good
    if len(good) < 3:
        return
    xs = tuple(one.seconds / max(len(one.scores), 1) for one in good)
    yield Panel(
        id="cost",
        title="Cost and return",
        x_label="seconds of one training",
        y_label="return",
        series=(Series("settings", xs, tuple(one.score for one in good), points=True),),
        caption=f"A training takes {number(min(xs))} to {number(max(xs))} s; "
        f"all {outcome.trials:,} took {number(outcome.seconds)} s together.",
    )


def _at(axis: Axis, value: Any) -> float:
    if axis.choices:
        return float(list(axis.choices).index(value))
    return math.log10(value) if axis.log else float(value)


def _label(axis: Axis) -> str:
    if axis.choices:
        return ", ".join(f"{i} = {as_text(choice)}" for i, choice in enumerate(axis.choices))
    return f"{axis.name}, as a power of ten" if axis.log else axis.name


def heats(outcome: Outcome) -> list[Heat]:
    """The pictures of the pairs of settings that matter most."""
    axes = {axis.name: axis for axis in outcome.spec.space}
    names = [one.name for one in outcome.influences[:PAIRS]]
    tried, scores = [one.settings for one in outcome.good], [one.scores[0] for one in outcome.good]
    return [heat_of(axes[a], axes[b], tried, scores) for a, b in itertools.combinations(names, 2)]


def draw_heat(heat: Heat) -> Markup:
    """A heat map: darker is better, and every cell says its number."""
    known = [cell for row in heat.cells for cell in row if cell is not None]
    low, high = min(known), max(known)
    rows, columns = [_level(one) for one in heat.rows], [_level(one) for one in heat.columns]
    left = 12 + max(text_width(row) for row in rows)
    wide = max(CELL[0], *(text_width(column) + 8 for column in columns))
    width, height = round(left + wide * len(columns)) + 8, 44 + CELL[1] * len(rows) + FONT
    plot = Plot(width, height, Scale(0, len(columns), left, width - 8), Scale(0, len(rows), height - 44, FONT + 10))
    plot.text((2, FONT), heat.down, "label")
    for j, row in enumerate(heat.cells):
        y = plot.y(j + 0.5)
        plot.text((left - 5, y + 4), rows[j], "tick", "end")
        for i, cell in enumerate(row):
            _cell(plot, (i, j), cell, (low, high))
    for i, column in enumerate(columns):
        plot.text((plot.x(i + 0.5), height - 28), column, "tick", "middle")
    plot.text((plot.x(len(columns) / 2), height - 8), heat.across, "label", "middle")
    best = f"from {number(low)} to {number(high)}"
    name = f"heat-{heat.across}-{heat.down}"
    return plot.render(name, f"{heat.across} and {heat.down}", f"Mean return at each pair of values, {best}.")


def _cell(plot: Plot, at: tuple[int, int], cell: float | None, span: tuple[float, float]) -> None:
    if cell is None:
        return
    i, j = at
    x, y = plot.x(i), plot.y(j + 1)
    share = (cell - span[0]) / (span[1] - span[0]) if span[1] > span[0] else 1.0
    wide, tall = plot.x(i + 1) - x, plot.y(j) - y
    opacity = f"{0.06 + 0.64 * share:.2f}"
    plot.parts.append(tag("rect", x=x, y=y, width=wide, height=tall, cls="bar", fill_opacity=opacity))
    plot.text((plot.x(i + 0.5), plot.y(j + 0.5) + 4), number(cell), "mark-label", "middle")


def _level(ends: tuple[Any, Any]) -> str:
    low, high = (f"{one:.3g}" if isinstance(one, float) else as_text(one) for one in ends)
    return low if low == high else f"{low} to {high}"
