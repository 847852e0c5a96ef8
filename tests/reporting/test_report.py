"""Report: everything shown, as plain data."""

from __future__ import annotations

import json

import pytest
from made import (
    LOSS_LINE,
    SCRIPT,
    SOURCE,
    healthy,
    made_check,
    made_finding,
    made_run,
    sick,
    site,
    undecided,
    write_run,
)

from ppodoctor.checks.api import Evidence
from ppodoctor.findings import CAUSE_FOUND, Diagnosis
from ppodoctor.records import OptimizerFacts, Site
from ppodoctor.reporting.ending import Ending, load_ending
from ppodoctor.reporting.report import build_report, coverage_text
from ppodoctor.run import Run


def test_a_cause_is_shown_with_all_it_rests_on():
    (cause,) = build_report(made_run(), sick()).causes
    assert cause.id == "entropy_sign_flipped"
    assert [place.shown for place in cause.where] == ["my_ppo.py:8"]
    assert cause.fix.startswith("my_ppo.py:8: write")
    assert cause.first_update == 1
    assert cause.basis_text.startswith("exact")
    assert [one.id for one in cause.consequences] == ["entropy_collapsed"]
    assert cause.panels == ("panel-entropy",)


def test_rivals_are_told_by_what_became_of_them():
    (cause,) = build_report(made_run(), sick()).causes
    assert {rival.id: rival.state for rival in cause.rivals} == {
        "steps_too_large": "clear",
        "reward_scale_too_large": "skipped",
    }
    assert "value_loss and target_mean" in cause.rivals[1].text


def test_a_rival_that_was_never_looked_for_is_not_claimed_to_be_absent():
    finding = made_finding(made_check(rivals=("unheard_of",)))
    (cause,) = build_report(made_run(), Diagnosis(CAUSE_FOUND, "", causes=(finding,))).causes
    assert cause.rivals == ()


def test_blamed_lines_come_with_their_neighbours():
    (excerpt,) = build_report(made_run(), sick()).causes[0].excerpts
    assert excerpt.blamed == (LOSS_LINE,)
    assert excerpt.lines[LOSS_LINE - excerpt.first] == SOURCE.splitlines()[LOSS_LINE - 1]
    assert len(excerpt.lines) == 7


def test_neighbouring_lines_share_an_excerpt_and_distant_ones_do_not():
    text = "\n".join(f"line {i}" for i in range(1, 101))
    where = tuple(Site(SCRIPT, line) for line in (10, 12, 90))
    finding = made_finding(evidence=(Evidence("x", where=where),))
    run = made_run(source={SCRIPT: text})
    (cause,) = build_report(run, Diagnosis(CAUSE_FOUND, "", causes=(finding,))).causes
    assert [excerpt.blamed for excerpt in cause.excerpts] == [(10, 12), (90,)]
    assert [place.code for place in cause.where] == ["line 10", "line 12", "line 90"]


def test_a_place_without_source_or_beyond_its_end_is_still_named():
    finding = made_finding(
        evidence=(Evidence("x", where=(Site("/other/lib.py", 5), site(9999 % 12), Site(SCRIPT, 500))),)
    )
    (cause,) = build_report(made_run(), Diagnosis(CAUSE_FOUND, "", causes=(finding,))).causes
    assert [place.shown for place in cause.where] == ["other/lib.py:5", "my_ppo.py:3", "my_ppo.py:500"]
    assert len(cause.excerpts) == 1


def test_several_causes_are_counted_in_the_headline():
    two = (made_finding(), made_finding(made_check("other")))
    assert build_report(made_run(), Diagnosis(CAUSE_FOUND, "", causes=two)).headline == "2 causes found"
    assert build_report(made_run(), healthy()).headline == "Healthy"
    assert build_report(made_run(), undecided()).headline == "Undecided"


def test_coverage_names_what_was_missing():
    assert "missing: target_mean; value_loss" in coverage_text(build_report(made_run(), sick()))
    assert "none had to be left out" in coverage_text(build_report(made_run(), healthy()))


def test_an_empty_run_says_what_was_seen_instead():
    report = build_report(Run(folder=None), undecided())
    assert report.seen_instead.startswith("No policy update was seen")
    run = made_run(updates=(), optimizers=(OptimizerFacts(0, "torch.optim.adam.Adam", steps=3),))
    assert "3 steps of Adam" in build_report(run, undecided()).seen_instead
    assert "CartPole-v1" in build_report(run, undecided()).seen_instead
    assert build_report(made_run(), undecided()).seen_instead == ""


@pytest.fixture
def folder(tmp_path):
    return write_run(made_run(), tmp_path / "run")


def test_the_ending_is_kept_beside_the_run(folder):
    Ending(problem="The script failed with ValueError: \x1b[1m", notes=["could not attach"]).save(folder)
    report = build_report(Run.load(folder), sick())
    assert report.problem == "The script failed with ValueError: \\x1b[1m"
    assert "could not attach" in [note.text for note in report.unwatched]


def test_without_an_ending_the_recorded_exception_speaks(folder):
    assert load_ending(folder) == Ending()
    crash = {"type": "ValueError", "message": "nan in logits", "file": "/x/y/my_ppo.py", "line": 7}
    (folder / "crash.json").write_text(json.dumps(crash))
    assert load_ending(folder).problem == "The script failed with ValueError: nan in logits (y/my_ppo.py:7)"


def test_the_ending_of_a_process_is_that_of_its_command(folder):
    Ending(stopped="60 seconds are over").save(folder)
    assert load_ending(folder / "workers" / "77").stopped == "60 seconds are over"


@pytest.mark.parametrize("text", ["", "{", "[1]", "\0"])
def test_a_damaged_ending_is_no_ending(folder, text):
    (folder / "ending.json").write_text(text)
    assert load_ending(folder) == Ending()
