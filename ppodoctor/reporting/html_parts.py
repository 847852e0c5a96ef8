"""Pieces of the HTML page that know nothing of findings: figures with their numbers, tables, source excerpts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files

from ppodoctor.reporting.excerpts import Excerpt
from ppodoctor.reporting.figures import WIDE, draw
from ppodoctor.reporting.markup import Markup, join, tag
from ppodoctor.reporting.plots import Figure, Histogram, Panel, Series
from ppodoctor.reporting.words import number

MOST_ROWS = 40
"""Rows of numbers under a figure; all of them are in the JSON."""


def page(title: str, *body: Markup | None) -> str:
    """A whole page in one file, in light and dark."""
    style = files("ppodoctor.reporting").joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Nothing may be loaded from anywhere, and the only style that counts is the one below: a page made from a
    # stranger's script can do no harm even where an escape were forgotten.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', *body), lang='en')}\n"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table with a caption that scrolls by itself on a narrow screen; the first cell of a row heads it."""
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head))),
            tag("tbody", *body),
        ),
        cls="scroll",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def figure_block(figure: Figure, *, wide: bool = False, heading: str = "h4") -> Markup:
    """A figure with its caption and its numbers. A wide one comes in two sizes; the style shows the one that fits."""
    narrow = draw(figure)
    # Each size is whole, so the one that is not shown is also silent for screen readers (display: none).
    drawing = (
        join(tag("div", draw(figure, WIDE, "-wide"), cls="wide"), tag("div", narrow, cls="narrow")) if wide else narrow
    )
    return tag(
        "figure",
        tag(heading, figure.title) if not wide else None,
        drawing,
        tag("figcaption", figure.caption),
        tag("details", tag("summary", "Numbers"), _numbers(figure)),
        id=figure.id,
    )


def _numbers(figure: Figure) -> Markup:
    caption = f"{figure.title}: the numbers"
    if isinstance(figure, Histogram):
        edges = zip(figure.edges, figure.edges[1:], figure.counts, strict=False)
        rows = [(f"{number(low)} to {number(high)}", f"{n:,}") for low, high, n in edges if n]
        return table(caption, (figure.x_label, "samples"), rows)
    if isinstance(figure, Panel):
        return join(*(_series_numbers(figure, series, caption) for series in figure.series))
    return table(caption, (figure.x_label, figure.y_label), _every(list(zip(figure.x, figure.y, strict=True))))


def _series_numbers(panel: Panel, series: Series, caption: str) -> Markup:
    interval = bool(series.low and series.high)
    columns = [series.x, series.y, *((series.low, series.high) if interval else ())]
    rows = list(zip(*columns, strict=True))
    head = (panel.x_label, series.label, *(("low", "high") if interval else ()))
    return table(caption, head, _every(rows))


def _every(rows: Sequence[Sequence[float | None]]) -> list[list[str]]:
    """At most MOST_ROWS rows, evenly spaced, the last among them."""
    step = max(1, -(-len(rows) // MOST_ROWS))
    kept = list(rows[::step]) + ([rows[-1]] if rows and (len(rows) - 1) % step else [])
    return [["-" if value is None else number(value) for value in row] for row in kept]


def excerpt_block(excerpt: Excerpt) -> Markup:
    """Source lines with their numbers; the blamed ones are marked, for eyes and for screen readers."""
    lines = []
    for offset, line in enumerate(excerpt.lines):
        at = excerpt.first + offset
        mark = at in excerpt.blamed
        gutter = tag("span", f"{'>' if mark else ' '}{at:>5} ", cls="gutter")
        text = join(gutter, line or " ", "\n")
        lines.append(tag("mark", text) if mark else tag("span", text))
    name = f"{excerpt.shown}, lines {excerpt.first} to {excerpt.first + len(excerpt.lines) - 1}"
    return tag(
        "figure",
        tag("figcaption", name, cls="file"),
        tag("pre", tag("code", *lines), tabindex=0, aria_label=name),
        cls="source",
    )
