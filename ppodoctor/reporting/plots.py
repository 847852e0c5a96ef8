"""What a figure shows, as plain data: numbers first, drawing second (figures.py draws)."""

from __future__ import annotations

from dataclasses import dataclass

MOST_POINTS = 600
"""Points of one line that are kept: more than the pixels of a figure show nothing more."""


@dataclass(frozen=True)
class Series:
    """One line. `low` and `high`, where given, are an interval around every point of it."""

    label: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    """None where the value was not observed or not finite: the line has a gap there."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    points: bool = False
    """Drawn as dots, not as a line."""


@dataclass(frozen=True)
class Mark:
    """A line across the figure: at an x ("update 3: first seen") or at a y ("random policy")."""

    axis: str
    """x or y."""
    at: float
    label: str
    to: float | None = None
    """With `to`, the stretch from `at` to `to`."""


@dataclass(frozen=True)
class Panel:
    """Curves over a common x."""

    id: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    caption: str
    """One sentence that says what there is to see."""
    band: tuple[float | None, float | None] | None = None
    """The healthy values; None on a side that is open."""
    marks: tuple[Mark, ...] = ()
    column: str | None = None
    """The column of the run it shows, for the glossary."""


@dataclass(frozen=True)
class Histogram:
    """Counts between edges; `edges` has one entry more than `counts`."""

    id: str
    title: str
    x_label: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    caption: str
    band: tuple[float | None, float | None] | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Scatter:
    """One number against another that should equal it; the diagonal is where they do."""

    id: str
    title: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    caption: str


Figure = Panel | Histogram | Scatter
