"""What shows while watching: progress from new lines alone, suspicion seldom, an end when it is sure."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest
from made import healthy, made_finding, made_run, sick, undecided, write_run

from ppodoctor.reporting import live
from ppodoctor.reporting.live import EVERY, FIRST_LOOK, Clock, Line, Lines, Look, Progress, View, certain, live_view
from ppodoctor.run import Run, RunError


class Watch(Clock):
    """A clock that a test sets."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    def spent(self):
        return self.time


@pytest.fixture
def clock():
    return Watch()


@pytest.fixture
def told(monkeypatch):
    """What the diagnosis says, in turn; the last one again and again."""
    answers = [sick()]
    monkeypatch.setattr(live, "diagnose", lambda run: answers.pop(0) if len(answers) > 1 else answers[0])
    return answers


def look_at(tmp_path, clock, cost=0.0):
    def load(folder):
        clock.time += cost
        return made_run()

    return Look(tmp_path, load, clock=clock)


def test_a_look_takes_its_time(tmp_path, clock, told):
    look = look_at(tmp_path, clock, cost=3.0)
    assert not look.again()
    clock.time += FIRST_LOOK
    assert look.again()
    assert look.suspicion == "suspects entropy_sign_flipped (99.5%)"
    clock.time += EVERY
    assert not look.again()
    clock.time += live.SPARE * 3.0
    assert look.again()


@pytest.mark.parametrize("shown_too", [False, True])
def test_it_is_sure_when_two_looks_agree(tmp_path, clock, told, shown_too):
    told[:] = [undecided(), sick(), healthy(), sick(), sick()]
    look = look_at(tmp_path, clock)
    answers = []
    for _ in range(5):
        clock.time += EVERY
        if shown_too:
            look.again()
        answers.append(look.sure())
    assert answers == [None, None, None, None, "sure of entropy_sign_flipped"]


def test_between_two_looks_it_is_not_sure(tmp_path, clock, told):
    look = look_at(tmp_path, clock)
    clock.time += FIRST_LOOK
    look.sure()
    assert look.sure() is None


def test_a_run_that_is_not_there_yet_is_waited_for(tmp_path, clock):
    def load(folder):
        raise RunError("nothing yet")

    look = Look(tmp_path, load, clock=clock)
    clock.time += FIRST_LOOK
    assert look.sure() is None
    assert look.suspicion == ""


def test_only_the_certain_is_certain():
    assert certain(sick(), 50) == "sure of entropy_sign_flipped"
    doubtful = dataclasses.replace(sick(), causes=(made_finding(confidence=0.94),))
    assert certain(doubtful, 50) == ""
    assert certain(healthy(), 2) == ""
    assert certain(healthy(), 50) == "sure that the run is healthy"
    young = dataclasses.replace(healthy(), learning={"status": "too_young"})
    assert certain(young, 50) == ""
    assert certain(undecided(), 50) == ""


def test_progress_reads_each_line_once_and_waits_for_torn_ones(tmp_path):
    write_run(made_run(), tmp_path)
    progress = Progress(tmp_path)
    progress.refresh()
    assert progress.updates == 20
    before = list(progress.returns)
    progress.refresh()
    assert progress.returns == before
    row = json.dumps({"step": 99_999, "stream": 0, "env": 0, "ret": 77.0})
    with (tmp_path / "episodes.jsonl").open("a") as file:
        file.write(row[:10])
        file.flush()
        progress.refresh()
        assert progress.returns == before
        file.write(row[10:] + "\n[1]\nnot json\n")
    progress.refresh()
    assert progress.returns[-1] == 77.0
    assert progress.steps == 99_999


def test_progress_of_a_run_that_trains_in_a_child_process(tmp_path):
    write_run(made_run(), tmp_path / "workers" / "77")
    progress = Progress(tmp_path)
    progress.refresh()
    assert progress.updates == 20


def test_progress_in_words():
    progress = Progress(None, updates=1, steps=1024, returns=[10.0, 12.0])
    assert progress.text(12.3, "suspects x") == "12 s, 1 update, 1,024 steps, return 11, suspects x"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def look(tmp_path, clock, told):
    write_run(made_run(), tmp_path)
    return Look(tmp_path, Run.load, clock=clock)


def test_on_a_terminal_one_line_is_written_over(look, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    with live_view(stream, look, quiet=False) as view:
        assert isinstance(view, Line)
        view.tick()
        view.tick()
    text = stream.getvalue()
    assert "\n" not in text
    assert text.endswith("\r\x1b[K")
    assert all(len(part) < 60 for part in text.split("\r\x1b[K"))


def test_elsewhere_lines_are_plain_and_rare(look, clock):
    stream = io.StringIO()
    view = Lines(stream, look)
    for _ in range(200):
        clock.time += 0.5
        view.tick()
    lines = stream.getvalue().splitlines()
    assert 2 <= len(lines) <= 4
    assert "\x1b" not in stream.getvalue()
    assert lines[0].startswith("ppodoctor: ")


def test_quiet_shows_nothing_and_dumb_terminals_get_plain_lines(look):
    stream = Terminal()
    with live_view(stream, look, quiet=True) as view:
        assert type(view) is View
        view.tick()
    assert stream.getvalue() == ""
    with live_view(stream, look, quiet=False, dumb=True) as view:
        assert isinstance(view, Lines)


def test_a_closed_terminal_does_not_stop_the_watch(look):
    stream = Terminal()
    view = Line(stream, look)
    stream.write = lambda text: (_ for _ in ()).throw(BrokenPipeError())
    view.tick()
    view.close()
