"""Draws figures' plain data as inline SVG. Knows colours and axes, knows nothing of PPO."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ppodoctor.reporting.markup import Markup
from ppodoctor.reporting.plots import Figure, Histogram, Mark, Panel, Scatter, Series
from ppodoctor.reporting.svg import FONT, Plot, Scale, log_ticks, padded, short, text_width, ticks

NARROW, WIDE = (300, 205), (720, 260)
"""Sizes of a figure in pixels: in the grid, and across the page."""
DECADES_FOR_LOG = (3, 8)
"""A positive curve that spans so many powers of ten is drawn on a logarithmic axis; one that spans more has values
that are rounding errors, which a logarithm would blow up."""


def draw(figure: Figure, size: tuple[int, int] = NARROW, suffix: str = "") -> Markup:
    """The figure as one <svg>; `suffix` keeps ids apart where a page holds it twice."""
    name = figure.id + suffix
    if isinstance(figure, Panel):
        plot = _panel(figure, size)
    elif isinstance(figure, Histogram):
        plot = _histogram(figure, size)
    else:
        plot = _scatter(figure, size)
    return plot.render(name, figure.title, figure.caption)


def _panel(panel: Panel, size: tuple[int, int]) -> Plot:
    values = list(_values(panel))
    log = _wants_log(values)
    low, high = _range(panel, values, log)
    xs = [x for series in panel.series for x in series.x]
    plot = _axes(size, (min(xs, default=0.0), max(xs, default=1.0)), (low, high), log)
    _labels(plot, panel.x_label, panel.y_label + (" (log scale)" if log else ""))
    if panel.band is not None:
        _band(plot, panel.band)
    _spans(plot, panel.marks)
    for index, series in enumerate(panel.series):
        _series(plot, series, f"s{index % 4}")
    _marks(plot, panel.marks)
    if len(panel.series) > 1:
        _legend(plot, panel.series)
    return plot


def _values(panel: Panel) -> Iterable[float]:
    for series in panel.series:
        yield from (value for value in series.y if value is not None)
        yield from (*series.low, *series.high)


def _wants_log(values: Sequence[float]) -> bool:
    ordered = sorted(values)
    if not ordered or ordered[0] <= 0:
        return False
    return DECADES_FOR_LOG[0] <= math.log10(ordered[-1]) - math.log10(ordered[0]) <= DECADES_FOR_LOG[1]


def _range(panel: Panel, values: Sequence[float], log: bool) -> tuple[float, float]:
    """The values, with every level that has to be seen against them."""
    levels = [mark.at for mark in panel.marks if mark.axis == "y"]
    levels += [side for side in panel.band or () if side is not None]
    if log:
        every = [*values, *(level for level in levels if level > 0)]
        return min(every) / 1.5, max(every) * 1.5
    every = [*values, *levels] or [0.0, 1.0]
    return padded(min(every), max(every))


def _axes(size: tuple[int, int], xs: tuple[float, float], ys: tuple[float, float], log: bool = False) -> Plot:
    width, height = size
    marks = log_ticks(*ys) if log else ticks(*ys)
    left = 10 + max((text_width(short(mark)) for mark in marks), default=20)
    first, last = xs if xs[1] > xs[0] else (xs[0] - 0.5, xs[0] + 0.5)
    plot = Plot(width, height, Scale(first, last, left, width - 10), Scale(*ys, height - 38, 24, log))
    for mark in marks:
        y = plot.y(mark)
        plot.segment((left, y), (width - 10, y), "rule")
        plot.text((left - 5, y + 4), short(mark), "tick", "end")
    _x_axis(plot, first, last)
    return plot


def _x_axis(plot: Plot, first: float, last: float) -> None:
    bottom = plot.height - 38
    plot.segment((plot.x.start, bottom), (plot.x.end, bottom), "axis")
    for mark in ticks(first, last, 5 if plot.width < 500 else 8):
        x = plot.x(mark)
        plot.segment((x, bottom), (x, bottom + 4), "axis")
        half = text_width(short(mark)) / 2
        plot.text((min(x, plot.width - half - 1), bottom + 16), short(mark), "tick", "middle")


def _labels(plot: Plot, x_label: str, y_label: str) -> None:
    plot.text(((plot.x.start + plot.x.end) / 2, plot.height - 6), x_label, "label", "middle")
    plot.text((2, FONT), y_label, "label")


def _band(plot: Plot, band: tuple[float | None, float | None]) -> None:
    low = plot.y.low if band[0] is None else band[0]
    high = plot.y.high if band[1] is None else band[1]
    plot.box(plot.x.low, plot.x.high, low, high, "band")
    edge = plot.y(high)
    plot.text(
        (plot.x.end - 3, edge + FONT + 1 if edge + 2 * FONT < plot.y(low) else edge - 4), "healthy", "band-label", "end"
    )


def _spans(plot: Plot, marks: Iterable[Mark]) -> None:
    for mark in marks:
        if mark.axis == "x" and mark.to is not None:
            left, right = sorted((plot.x(mark.at), plot.x(mark.to)))
            bottom = plot.y.start
            plot.segment((left - 1, bottom), (right + 1, bottom), "span")


def _series(plot: Plot, series: Series, cls: str) -> None:
    if series.low and series.high:
        upper, lower = zip(series.x, series.high, strict=True), zip(series.x, series.low, strict=True)
        plot.area(upper, lower, f"interval {cls}")
    if series.points:
        for x, y in zip(series.x, series.y, strict=True):
            if y is not None:
                plot.dot(x, y, cls)
        return
    for stretch in _stretches(series):
        plot.line(stretch, f"line {cls}")


def _stretches(series: Series) -> Iterable[list[tuple[float, float]]]:
    """The parts of a line between its gaps."""
    part: list[tuple[float, float]] = []
    for x, y in zip(series.x, series.y, strict=True):
        if y is not None:
            part.append((x, y))
        elif part:
            yield part
            part = []
    if part:
        yield part


def _marks(plot: Plot, marks: Iterable[Mark]) -> None:
    top = 24 + FONT
    taken: list[float] = []
    for mark in marks:
        if mark.axis == "y" and plot.y.inside(mark.at):
            y = plot.y(mark.at)
            plot.segment((plot.x.start, y), (plot.x.end, y), "mark")
            label = _free(y - 4, taken)
            taken.append(label)
            plot.text((plot.x.start + 4, label), mark.label, "mark-label")
        elif mark.axis == "x" and mark.to is None and plot.x.inside(mark.at):
            x = plot.x(mark.at)
            plot.segment((x, 24), (x, plot.height - 38), "mark")
            right = x > (plot.x.start + plot.x.end) / 2
            plot.text((x - 4 if right else x + 4, top), mark.label, "mark-label", "end" if right else "start")
            top += FONT + 2


def _free(y: float, taken: Sequence[float]) -> float:
    """A height for a label that no other label has."""
    while any(abs(y - other) < FONT for other in taken):
        y += FONT
    return y


def _legend(plot: Plot, series: Sequence[Series]) -> None:
    x = plot.x.end
    for index, one in reversed(list(enumerate(series))):
        plot.text((x, FONT), one.label, f"legend s{index % 4}", "end")
        x -= text_width(one.label) + 10


def _histogram(figure: Histogram, size: tuple[int, int]) -> Plot:
    top = max(figure.counts, default=1) or 1
    plot = _axes(size, (figure.edges[0], figure.edges[-1]), (0.0, top * 1.15))
    _labels(plot, figure.x_label, "samples")
    if figure.band is not None:
        low, high = (figure.edges[i] if side is None else side for i, side in zip((0, -1), figure.band, strict=True))
        plot.box(low, high, 0.0, plot.y.high, "band")
    for left, right, n in zip(figure.edges, figure.edges[1:], figure.counts, strict=False):
        if n:
            plot.box(left, right, 0.0, float(n), "bar")
    _marks(plot, figure.marks)
    return plot


def _scatter(figure: Scatter, size: tuple[int, int]) -> Plot:
    low, high = padded(min((*figure.x, *figure.y)), max((*figure.x, *figure.y)))
    plot = _axes(size, (low, high), (low, high))
    _labels(plot, figure.x_label, figure.y_label)
    plot.segment((plot.x(low), plot.y(low)), (plot.x(high), plot.y(high)), "mark")
    for x, y in zip(figure.x, figure.y, strict=True):
        plot.dot(x, y, "s0")
    return plot
