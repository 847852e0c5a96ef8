"""A drawing surface of plain SVG: escaped elements, scales, ticks. Knows axes, knows nothing of PPO.

Colours come from CSS classes, so that one page serves light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ppodoctor.reporting.markup import Markup, tag
from ppodoctor.reporting.words import number

FONT = 12
"""Pixels; figures are not shrunk below 95% of their natural size, so that text stays at 11 px or more."""
LETTER = 0.58
"""Width of an average character in units of the font size."""


@dataclass(frozen=True)
class Scale:
    """Values to pixels, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value; values outside of the range are held at the edge."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def inside(self, value: float) -> bool:
        """Is the value within the range?"""
        return self.low <= value <= self.high


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values from low to high, at most `most`."""
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if span / (power * factor) <= most - 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Powers of ten from low to high, at most about `most`."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = max(1, math.ceil((last - first + 1) / most))
    return [10.0**power for power in range(first, last + 1, stride)]


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """The range with some room; a range of one value gets room around it."""
    if high > low:
        room = share * (high - low)
        return low - room, high + room
    room = abs(low) * 0.1 or 1.0
    return low - room, high + room


def short(value: float) -> str:
    """A tick's label: 250k, 1.5M, else the number."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:g}{letter}" if abs(value) < 1e13 else number(value)
    return f"{value:g}" if 1e-4 <= abs(value) < 1e4 or value == 0 else number(value, 2)


def text_width(text: str) -> float:
    """About how wide a text is in pixels."""
    return len(text) * FONT * LETTER


@dataclass
class Plot:
    """One figure in the making: axes first, then shapes."""

    width: int
    height: int
    x: Scale
    y: Scale
    parts: list[Markup] = field(default_factory=list)

    def line(self, points: Sequence[tuple[float, float]], cls: str) -> None:
        """A polyline through values; a single point becomes a dot."""
        if len(points) == 1:
            self.dot(*points[0], cls=cls)
            return
        path = " ".join(f"{self.x(px):.1f},{self.y(py):.1f}" for px, py in points)
        self.parts.append(tag("polyline", points=path, cls=cls))

    def area(self, upper: Iterable[tuple[float, float]], lower: Iterable[tuple[float, float]], cls: str) -> None:
        """The surface between two lines."""
        corners = [*upper, *reversed(list(lower))]
        path = " ".join(f"{self.x(px):.1f},{self.y(py):.1f}" for px, py in corners)
        self.parts.append(tag("polygon", points=path, cls=cls))

    def dot(self, px: float, py: float, cls: str) -> None:
        """A dot at a value."""
        self.parts.append(tag("circle", cx=float(self.x(px)), cy=float(self.y(py)), r=2, cls=f"dot {cls}"))

    def box(self, left: float, right: float, low: float, high: float, cls: str) -> None:
        """A rectangle between values."""
        x0, x1 = sorted((self.x(left), self.x(right)))
        y0, y1 = sorted((self.y(low), self.y(high)))
        self.parts.append(tag("rect", x=x0, y=y0, width=max(x1 - x0, 0.5), height=y1 - y0, cls=cls))

    def segment(self, start: tuple[float, float], end: tuple[float, float], cls: str) -> None:
        """A straight line between pixels."""
        self.parts.append(tag("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], cls=cls))

    def text(self, at: tuple[float, float], text: str, cls: str = "", anchor: str = "start") -> None:
        """Text at a pixel; cut where it would leave the figure."""
        room = {"start": self.width - at[0], "end": at[0], "middle": 2 * min(at[0], self.width - at[0])}[anchor]
        most = max(int(room / (FONT * LETTER)), 3)
        shown = text if len(text) <= most else text[: most - 1] + "…"
        self.parts.append(tag("text", shown, x=float(at[0]), y=float(at[1]), cls=cls, text_anchor=anchor))

    def render(self, name: str, title: str, description: str) -> Markup:
        """The SVG, focusable by keyboard and named for screen readers."""
        return tag(
            "svg",
            tag("title", title, id=f"{name}-title"),
            tag("desc", description, id=f"{name}-desc"),
            *self.parts,
            viewBox=f"0 0 {self.width} {self.height}",
            width=self.width,
            height=self.height,
            role="img",
            tabindex=0,
            aria_labelledby=f"{name}-title {name}-desc",
        )
