"""The sixteen invariants hold for a right script, and the one that a fault breaks is the one that fails."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import Script, make

from ppodoctor.measures import reading as reading_module
from ppodoctor.measures.invariants import Invariant, invariants
from ppodoctor.records import ParameterFacts
from ppodoctor.run import Run
from ppodoctor.specimens import LossGraph, MinibatchSpecimen


def measured(monkeypatch: pytest.MonkeyPatch, run: Run, readings: Any) -> dict[str, Invariant]:
    made = {(r.update, r.index): r for r in readings}
    monkeypatch.setattr(reading_module, "read_minibatch", lambda m: made[m.update, m.index])
    minibatches = tuple(MinibatchSpecimen(r.update, r.index, r.version, 0, LossGraph([], {})) for r in readings)
    return {one.id: one for one in invariants(replace(run, minibatches=minibatches))}


def broken(found: dict[str, Invariant]) -> set[str]:
    return {name for name, one in found.items() if one.holds is False}


def test_a_right_script_breaks_none(monkeypatch):
    found = measured(monkeypatch, *make(Script(epochs=2)))
    assert list(found) == [f"I{n}" for n in range(1, 17)]
    assert broken(found) == set()
    assert {name for name, one in found.items() if one.holds} >= {
        "I1",
        "I3",
        "I4",
        "I5",
        "I6",
        "I9",
        "I10",
        "I11",
        "I15",
    }
    assert all(one.sentence and one.title for one in found.values())


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ({"variant": "done_ignored"}, {"I5", "I10"}),
        ({"variant": "done_previous"}, {"I5", "I10"}),
        ({"variant": "death"}, {"I5", "I10"}),
        ({"target": "monte_carlo"}, {"I4"}),
        ({"order": "drawn"}, {"I9"}),
        ({"autoreset": "next"}, {"I11"}),
    ],
)
def test_a_fault_breaks_its_own(monkeypatch, script, names):
    assert broken(measured(monkeypatch, *make(Script(**script)))) == names


def test_an_overwritten_buffer_is_seen(monkeypatch):
    assert "I15" in broken(measured(monkeypatch, *make(Script(stored="alias"))))


def test_a_ratio_off_one_is_seen(monkeypatch):
    run, readings = make(Script())
    off = tuple(replace(r, surrogate=replace(r.surrogate, ratio=r.surrogate.ratio * 1.01)) for r in readings)
    found = measured(monkeypatch, run, off)
    assert found["I1"].holds is False
    assert found["I1"].number == pytest.approx(np.log(1.01), rel=1e-2)
    assert found["I1"].first_update == 1


def test_updates_against_the_advantage_are_seen(monkeypatch):
    run, readings = make(Script(minibatches=2))

    def against(r):
        ratio = np.exp(-0.05 * np.asarray(r.surrogate.advantage)) if r.index else r.surrogate.ratio
        return replace(r, surrogate=replace(r.surrogate, ratio=ratio))

    assert measured(monkeypatch, run, tuple(map(against, readings)))["I2"].holds is False


def test_parameters_outside_of_the_optimizer_are_counted(monkeypatch):
    run, readings = make(Script())
    parameters = (ParameterFacts(0, "a", "Linear", optimizers=(0,), moved=True), ParameterFacts(1, "log_std", "Net"))
    found = measured(monkeypatch, replace(run, parameters=parameters), readings)["I7"]
    assert (found.holds, found.number) == (False, 1.0)
    assert "log_std" in found.sentence


def test_an_empty_run_answers_nothing_and_fails_nowhere():
    assert [one.holds for one in invariants(Run(folder=None))] == [None] * 16
