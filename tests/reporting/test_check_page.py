"""A check's docstring, taken apart."""

from __future__ import annotations

import pytest
from made import made_check, nothing

from ppodoctor.checks import all_checks
from ppodoctor.reporting.page import page_of


def test_sections_are_found_by_their_names():
    page = page_of(made_check())
    assert page.lead == "The policy is paid for being certain."
    assert set(page.sections) == {"What it sees", "Why it hurts", "Also looks like", "Fix"}
    assert page.section("Also looks like").startswith("a learning rate")
    assert page.section("References") == ""


@pytest.mark.parametrize(
    "heading", ["Why it hurts:", "*Why it hurts*", "**Why it hurts**", "## Why it hurts", "Why it hurts"]
)
def test_headings_in_any_usual_spelling(heading):
    def check(run):
        yield run

    check.__doc__ = f"Lead.\n\n    {heading}\n    because.\n"
    assert page_of(made_check(function=check)).section("Why it hurts") == "because."


def test_a_sentence_that_begins_like_a_heading_stays_text():
    def check(run):
        yield run

    check.__doc__ = "Lead.\n\n    Fix the seed before you compare.\n"
    assert page_of(made_check(function=check)).sections == {}


def test_a_check_without_a_page():
    def check(run):
        yield run

    assert page_of(made_check(function=check)).lead == ""
    assert nothing.__doc__


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_every_check_says_what_it_sees_and_why_it_hurts(check):
    page = page_of(check)
    assert page.lead
    assert page.section("What it sees")
    assert page.section("Why it hurts")
