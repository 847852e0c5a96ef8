from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys

import pytest
from planter.cases import SETS, Case, healthy_cases, planted_cases
from planter.fault import Fault, faults
from planter.scripts import EXAMPLES, SCRIPTS
from planter.source import PlantError

from ppodoctor.checks import all_checks

CASES = [case for half in ("dev", "heldout", "fresh") for case in planted_cases(half)]


@pytest.mark.parametrize("name", sorted(faults()))
def test_every_pair_changes_the_program(name):
    pairs = [case for case in CASES if case.names == (name,)]
    assert pairs, f"{name} applies to no script"
    for case in pairs:
        for text in case.planted().files.values():
            ast.parse(text)


@pytest.mark.parametrize("names", SETS, ids="+".join)
def test_every_set_can_be_planted_together(names):
    pairs = [case for case in CASES if case.names == names]
    assert pairs
    assert all(case.planted() for case in pairs)


def test_heldout_parameters_differ():
    for name, fault in faults().items():
        if fault.heldout_plant is None:
            continue
        script = next(
            s for s in SCRIPTS.values() if fault.applies_to(s.name, s.traits) and s.name not in (fault.edits or {})
        )
        dev, held = (Case(script, (fault,), (name,), half, 1).planted() for half in (False, True))
        assert not dev.same_code_as(held), name


def test_a_plant_that_changes_nothing_is_an_error():
    idle = Fault(id="x", family="update", numbers=(1,), kind="exact", plant=lambda source: None)
    with pytest.raises(PlantError, match="idle left cartpole_vector as it was"):
        Case(SCRIPTS["cartpole_vector"], (idle,), ("idle",), False, 1).planted()


def test_there_are_faults_enough_and_halves_are_apart():
    assert len(faults()) >= 45
    assert sum(fault.heldout for fault in faults().values()) >= 10
    assert sum(script.heldout for script in SCRIPTS.values()) >= 3
    halves = [
        {case.label for case in [*planted_cases(half), *healthy_cases(half)]} for half in ("dev", "heldout", "fresh")
    ]
    assert all(halves)
    assert len(set().union(*halves)) == sum(map(len, halves))
    families = {fault.family for fault in faults().values()}
    assert families == {"update", "advantage", "data", "env", "reward", "config", "exploration", "network"}


def test_edits_name_scripts_that_exist():
    for name, fault in faults().items():
        assert set(fault.edits or {}) | fault.unless <= SCRIPTS.keys(), name


def test_every_example_is_in_the_study_but_the_broken_one():
    files = {path.stem for path in EXAMPLES.glob("*.py")} | {
        path.parent.name for path in EXAMPLES.glob("*/__main__.py")
    }
    assert files - {"broken_cartpole"} == SCRIPTS.keys()


@pytest.mark.parametrize("name", sorted(faults()))
def test_a_planted_fault_is_one_that_the_program_can_name(name):
    fault = faults()[name]
    assert {fault.id, *fault.also} <= all_checks().keys(), {fault.id, *fault.also} - all_checks().keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_an_example_runs(name):
    script = SCRIPTS[name]
    if script.requires and not importlib.util.find_spec(script.requires):
        pytest.skip(f"{script.requires} is not installed")
    done = subprocess.run(
        [sys.executable, *script.entry, "--seed", "3", *script.short],
        cwd=EXAMPLES,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
