"""Wordings: numbers as people read them, and text from scripts made harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppodoctor.reporting.words import clean, contained, count, duration, listed, number, one_line, share, shown_path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (24576, "24,576"),
        (0.01234, "0.0123"),
        (1234.5, "1,234"),
        (3e-7, "3.00e-7"),
        (1.5e9, "1,500,000,000"),
        (float("nan"), "NaN"),
        (float("-inf"), "-∞"),
        (True, "True"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
    ],
)
def test_numbers_are_short_and_honest(value, text):
    assert number(value) == text


@given(st.text(max_size=200))
def test_cleaned_text_holds_nothing_that_a_terminal_would_obey(text):
    shown = clean(text)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert clean(shown) == shown
    assert "\n" not in one_line(text)


def test_cleaning_keeps_what_was_hidden_visible():
    assert clean("a\x1b]0;title\x07b") == "a\\x1b]0;title\\x07b"
    assert clean("abc\u202ecba") == "abc\\u202ecba"
    assert clean("x\r\ny\tz") == "x\ny   z"


def test_a_long_text_ends_in_an_ellipsis():
    assert clean("x" * 50, 10) == "x" * 9 + "…"


def test_almost_certain_is_not_certain():
    assert share(0.9996) == "99.9%"
    assert share(1.0) == "100%"
    assert share(0.42) == "42%"


def test_durations_and_counts_and_lists():
    assert [duration(s) for s in (45, 185, 7800)] == ["45 s", "3 min 5 s", "2 h 10 min"]
    assert count(1, "update") == "1 update"
    assert count(1024, "step") == "1,024 steps"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([]) == ""


def test_paths_are_short_but_tell_apart():
    assert shown_path("/home/x/ppo/lib/agent.py", "/home/x/ppo") == "lib/agent.py"
    assert shown_path("/opt/venv/site-packages/sb3/ppo.py", "/home/x") == "sb3/ppo.py"
    assert shown_path("agent.py") == "agent.py"


def test_a_sentence_is_recognised_inside_a_longer_text():
    assert contained("the return rose.", "Fine. The return rose. Good.")
    assert not contained("the return fell", "The return rose.")
