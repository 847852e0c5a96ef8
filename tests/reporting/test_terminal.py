"""The terminal: verdict first, never wider than the terminal, nothing that a terminal would obey."""

from __future__ import annotations

import dataclasses
import io

import pytest
from made import healthy, made_check, made_finding, made_run, sick, undecided
from rich.cells import cell_len

from ppodoctor.checks.api import Evidence
from ppodoctor.findings import CAUSE_FOUND, Diagnosis
from ppodoctor.records import Note, Site
from ppodoctor.reporting.report import build_report
from ppodoctor.reporting.terminal import make_console, render


def shown(diagnosis, run=None, monkeypatch=None, columns=80, **how):
    stream = io.StringIO()
    if monkeypatch is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
    render(build_report(run or made_run(), diagnosis), make_console(stream), **how)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    for name in ("FORCE_COLOR", "NO_COLOR", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")


def test_the_verdict_comes_first_then_what_where_fix_and_certainty():
    text = shown(sick())
    assert text.startswith("Cause found")
    order = ["The entropy bonus has the wrong sign", "my_ppo.py:8", "coefficient +0.01", "write `loss =", "99.5%"]
    order += ["is not", "or else", "leads to", "Notes", "Not watched", "could not run"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_consequence_is_told_under_its_cause_and_not_on_its_own():
    text = shown(sick())
    assert text.count("The policy became nearly certain early") == 1
    assert text.index("leads to") < text.index("The policy became nearly certain early") < text.index("Notes")


def test_several_causes_are_numbered():
    two = (made_finding(), made_finding(made_check("other", title="Another fault")))
    text = shown(Diagnosis(CAUSE_FOUND, "", causes=two))
    assert text.startswith("2 causes found")
    assert "1. The entropy bonus" in text
    assert "2. Another fault" in text


def test_health_shows_why_worrying_numbers_are_normal():
    text = shown(healthy())
    assert text.startswith("Healthy")
    assert "The value loss rises while the return rises" in " ".join(text.split())


def test_undecided_says_what_to_run_next():
    assert "ppodoctor diagnose --updates 20" in shown(undecided())


@pytest.mark.parametrize("columns", [20, 40, 79, 80, 81, 200])
@pytest.mark.parametrize("diagnosis", [sick, healthy, undecided])
def test_no_line_is_wider_than_the_terminal(monkeypatch, columns, diagnosis):
    long = Site("/a/" + "very_long_name_" * 20 + ".py", 3, code="x = " + "宽" * 150)
    finding = made_finding(evidence=(Evidence("w" * 300, where=(long,)),))
    made = dataclasses.replace(diagnosis(), notes=(finding,))
    if diagnosis is sick:
        made = dataclasses.replace(made, causes=(finding, *made.causes))
    text = shown(made, monkeypatch=monkeypatch, columns=columns, page="runs/" + "p" * 120)
    assert max(cell_len(line) for line in text.splitlines()) <= columns


def test_nothing_from_the_script_reaches_the_terminal_as_a_command():
    nasty = "\x1b[2J\x1b]0;owned\x07 [bold]b[/bold] \u202e :smile: \r\n"
    finding = made_finding(evidence=(Evidence(nasty, where=(Site(nasty + ".py", 1, nasty, nasty),), fix=nasty),))
    run = made_run(notes=(Note(nasty, nasty, nasty),), header={"command": [nasty], "status": nasty}, damage=(nasty,))
    made = Diagnosis(CAUSE_FOUND, nasty, causes=(finding,), notes=(finding,), next_steps=(nasty,), reassurance=(nasty,))
    for quiet in (False, True):
        text = shown(made, run, quiet=quiet)
        assert all(c.isprintable() or c == "\n" for c in text)
        assert quiet or "[bold]b[/bold]" in text
        assert quiet or ":smile:" in text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_no_escape_sequence_where_colour_is_unwanted(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert "\x1b" not in shown(sick())


def test_colour_where_it_is_wanted(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in shown(sick())


def test_quiet_is_the_verdict_the_title_the_place_and_the_page():
    lines = shown(sick(), quiet=True, page="runs/x/report.html").splitlines()
    assert lines[0] == "Cause found"
    assert lines[-1] == "Full report: runs/x/report.html"
    assert len(lines) <= 4


def test_lines_do_not_end_in_blanks():
    assert not [line for line in shown(sick()).splitlines() if line.endswith(" ")]
