"""Panels as data, and their drawing."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import made_finding, made_run, sick

from ppodoctor.checks.api import Evidence
from ppodoctor.reporting.evidence_figures import ratio_histogram, scatters
from ppodoctor.reporting.figures import NARROW, WIDE, draw
from ppodoctor.reporting.panels import column_panel, healthy_band, panels_of, return_panel, student_t, thinned
from ppodoctor.reporting.plots import MOST_POINTS, Histogram, Mark, Panel, Scatter, Series
from ppodoctor.reporting.svg import Scale, short, ticks

SVG = "{http://www.w3.org/2000/svg}"


def parsed(figure, **how):
    return ElementTree.fromstring(draw(figure, **how))


def curve(y, x=None, **facts):
    x = x or tuple(float(i) for i in range(len(y)))
    return Panel("p", "title", "update", "nats", (Series("s", tuple(x), tuple(y)),), "caption", **facts)


def test_the_return_comes_first_then_what_findings_speak_of():
    ids = [panel.id for panel in panels_of(made_run(), sick())]
    assert ids[:2] == ["panel-return", "panel-entropy"]
    assert len(ids) == len(set(ids))


def test_a_panel_carries_the_healthy_band_and_the_stretch():
    panel = column_panel(made_run(), "entropy", made_finding().evidence[1:])
    assert panel.band == (0.2, None)
    assert Mark("x", 4.0, "where the evidence is", 20.0) in panel.marks
    assert "outside the healthy band in 11 of 20 updates" in panel.caption


def test_an_infinite_value_becomes_a_gap_that_the_caption_counts():
    panel = column_panel(made_run(), "grad_norm")
    assert panel.series[0].y[6] is None
    assert "not finite in 1" in panel.caption


def test_the_return_has_intervals_and_the_level_of_random_actions():
    panel = return_panel(made_run())
    series = panel.series[0]
    assert all(low < mean < high for low, mean, high in zip(series.low, series.y, series.high, strict=True))
    assert Mark("y", 21.0, "random actions, mean: 21") in panel.marks


def test_few_episodes_are_drawn_as_dots():
    run = made_run()
    few = made_run(episodes=run.episodes[:6])
    assert return_panel(few).series[0].points
    assert return_panel(made_run(episodes=())) is None


def test_evaluation_episodes_are_not_the_return():
    run = made_run()
    other = made_run(
        episodes=tuple(type(e)(**{**vars(e), "stream": 1, "ret": 1e6}) for e in run.episodes[:20]) + run.episodes
    )
    other.envs[0].stream = 0
    assert max(y for y in return_panel(other).series[0].y) < 1e4


@pytest.mark.parametrize(("df", "quantile"), [(4, 2.776), (9, 2.262), (29, 2.045), (10_000, 1.960)])
def test_student_t(df, quantile):
    assert student_t(df) == pytest.approx(quantile, abs=0.01)


def test_thinning_keeps_every_extreme():
    y = np.sin(np.arange(50_000) / 900)
    y[31_313] = 40.0
    x, kept = thinned(np.arange(50_000.0), y)
    assert len(x) <= MOST_POINTS + 2
    assert 40.0 in kept
    assert list(x) == sorted(x)


@pytest.mark.parametrize("given", [None, 3, (1, 2, 3), (None, None), ("a", "b"), (math.nan, None)])
def test_what_is_no_band_is_no_band(given):
    assert healthy_band(Evidence("x", data={"healthy": given})) is None


def test_a_ratio_histogram_counts_every_ratio_and_marks_the_bounds():
    figure = ratio_histogram(np.array([0.5, 0.9, 1.0, 1.1, 50.0]), (0.8, 1.2), "minibatch 1")
    assert sum(figure.counts) == 5
    assert [mark.at for mark in figure.marks] == [0.8, 1.2]
    assert "40% beyond the clip bounds" in figure.caption


def test_a_ratio_histogram_of_one_value_everywhere():
    figure = ratio_histogram(np.ones(64), (0.8, None), "minibatch 1")
    assert sum(figure.counts) == 64
    assert parsed(figure) is not None


def test_a_fit_becomes_a_scatter_where_it_brings_its_points():
    fits = [{"what": "advantages"}, {"what": "returns", "actual": [1, 2, math.nan], "fitted": [1, 2, 3]}]
    (figure,) = scatters(fits)
    assert figure.x == (1.0, 2.0)


FIGURES = [
    curve((1.0, 2.0, None, 3.0), band=(0.5, 1.5), marks=(Mark("y", 2.0, "level"), Mark("x", 1.0, "here"))),
    curve((1e-6, 1.0, 1e5)),
    curve((5.0,)),
    curve((None, None)),
    curve((2.0, 2.0, 2.0), band=(None, 1.0)),
    curve((-1e9, 1e9), x=(3.0, 3.0)),
    Panel("two", "t", "x", "y", (Series("a", (0.0, 1.0), (0.0, 1.0)), Series("b", (0.0, 1.0), (1.0, 0.0))), "c"),
    Histogram("h", "t", "x", (0.0, 1.0, 2.0), (3, 0), "c", marks=(Mark("x", 1.0, "one"),)),
    Scatter("s", "t", "x", "y", (0.0, 1.0), (0.0, 1.0), "c"),
    Scatter("s", "t", "x", "y", (1.0, 1.0), (1.0, 1.0), "c"),
]


@pytest.mark.parametrize("size", [NARROW, WIDE])
@pytest.mark.parametrize("figure", FIGURES)
def test_every_drawing_is_named_focusable_and_inside_its_frame(figure, size):
    root = parsed(figure, size=size)
    title, description = root.findall("title") + root.findall("desc")
    assert (title.text, description.text) == (figure.title, figure.caption)
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert root.get("tabindex") == "0"
    for name, limit in (("x", size[0]), ("x1", size[0]), ("x2", size[0]), ("y1", size[1]), ("y2", size[1])):
        for one in root.iter():
            if one.get(name) is not None:
                assert 0 <= float(one.get(name)) <= limit
    assert "nan" not in draw(figure, size).lower().replace("nano", "")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=30))
def test_any_finite_curve_can_be_drawn(values):
    drawing = draw(curve(tuple(float(v) for v in values)))
    assert not re.search(r"\b(nan|inf)\b", drawing)


def test_text_is_escaped():
    figure = Panel("p", "<b>t</b>", "x", "<y>", (Series("s", (0.0, 1.0), (0.0, 1.0)),), '"&"')
    assert "<b>" not in draw(figure)
    assert parsed(figure).find("title").text == "<b>t</b>"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low, span):
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 6
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in found)


def test_a_scale_holds_outliers_at_its_edge():
    scale = Scale(1.0, 100.0, 0.0, 10.0, log=True)
    assert scale(10.0) == pytest.approx(5.0)
    assert scale(1e9) == 10.0


def test_tick_labels_are_short():
    assert [short(v) for v in (0.0, 0.25, 250_000.0, 1.5e6, 2e9)] == ["0", "0.25", "250k", "1.5M", "2G"]
