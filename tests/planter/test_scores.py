from __future__ import annotations

import pytest
from planter.cases import Case
from planter.fault import Fault
from planter.scripts import SCRIPTS
from study.page import page
from study.runner import Outcome
from study.scores import Rate, Scored, summary

A = Fault(id="a", family="update", numbers=(1,), kind="exact", also=("a_too",))
B = Fault(id="b", family="config", numbers=(2,), kind="statistical")
SCRIPT = SCRIPTS["cartpole_vector"]


def row(planted=(), causes=(), notes=(), error="", late=0.0):
    case = Case(SCRIPT, tuple(planted), tuple(fault.id for fault in planted), False, 1)
    verdict = "" if error else "cause_found" if causes else "healthy"
    as_findings = [[{"id": name, "evidence": [{"first_update": 2}]} for name in names] for names in (causes, notes)]
    return Scored(case, Outcome(case.label, verdict, *as_findings, 1.0, error, {"initial": 10.0, "late": late}))


def test_wilson_agrees_with_published_values():
    low, high = Rate(0, 10).interval
    assert low == 0
    assert high == pytest.approx(0.2775, abs=1e-3)
    low, high = Rate(81, 263).interval
    assert (low, high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert Rate(0, 0).interval == (0.0, 1.0)


def test_a_hit_is_the_id_or_another_name_of_the_same_fault():
    assert row([A], ["a"]).hit(1, notes=False)
    assert row([A], ["a_too", "x"]).hit(1, notes=False)
    assert not row([A], ["x", "a"]).hit(1, notes=False)
    assert row([A], ["x", "a"]).hit(3, notes=False)
    assert not row([A]).hit(3, notes=True)


def test_notes_count_after_causes_and_only_when_asked():
    assert row([A], notes=["a"]).hit(1, notes=True)
    assert not row([A], notes=["a"]).hit(3, notes=False)
    assert not row([A], ["x"], ["a"]).hit(1, notes=True)


def test_every_fault_of_a_set_must_be_named_and_does_not_push_the_others_down():
    assert row([A, B], ["b", "a"]).hit(1, notes=False)
    assert not row([A, B], ["b", "x", "a"]).hit(1, notes=False)
    assert not row([A, B], ["b"]).hit(3, notes=True)


def test_the_first_update_of_a_set_is_that_of_the_last_fault_named():
    assert row([A], ["a"]).first_update() == 2
    assert row([A, B], ["a"]).first_update() is None


def test_summary_counts_errors_as_misses_and_not_as_false_alarms():
    found = summary([row([A], ["a"]), row([A], error="crashed"), row([], ["x"]), row([]), row([], error="crashed")])
    assert found["planted"]["all"]["top1"]["hits"] == 1
    assert found["planted"]["all"]["top1"]["trials"] == 2
    assert (found["false_alarms"]["hits"], found["false_alarms"]["trials"]) == (1, 2)
    assert len(found["errors"]) == 2
    assert [entry["causes"] for entry in found["false_alarm_list"]] == [["x"]]


def test_extra_causes_are_counted_on_planted_runs():
    found = summary([row([A], ["a", "x"]), row([A], ["a_too"])])
    assert found["extra_causes_on_planted"]["hits"] == 1


def test_the_page_lists_misses_and_false_alarms_by_name():
    rows = [row([A], ["x"]), row([B], ["b"]), row([], ["y"])]
    text = page({"dev": (rows, summary(rows))}, "python benchmarks/quality.py --write")
    assert "- `cartpole_vector:a:1`: cause_found, x" in text
    assert "- `cartpole_vector:healthy:1`: cause_found, y" in text
    assert "| b | statistical | 1 | 1 | 2 |" in text


def test_the_page_says_which_pairs_had_been_looked_at_before():
    rows = [row([A], ["a"])]
    both = {"public": (rows, summary(rows)), "heldout": (rows, summary(rows))}
    once = page(both, "python benchmarks/quality.py", ["public"])
    public, heldout = once.split("## Held out")
    assert "These pairs were run before" in public
    assert "These pairs were run before" not in heldout


def test_a_setting_that_did_no_harm_is_listed_and_in_no_rate():
    found = summary([row(late=100.0), row([B], late=95.0), row([B], late=20.0), row([A], late=100.0)])
    assert [entry["planted"] for entry in found["harmless"]] == [["b"]]
    assert found["planted"]["kind statistical"]["top1"]["trials"] == 1
    assert found["planted"]["kind exact"]["top1"]["trials"] == 1


def test_without_the_plain_script_every_fault_counts():
    assert summary([row([B], late=95.0)])["harmless"] == []
