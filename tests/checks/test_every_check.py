"""Every check against every made run: fires on its own, silent on healthy ones, unmoved by what it did not ask for."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from scenarios import Scenario, healthy
from twins import twins

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import Evidence, missing_for
from ppodoctor.diagnosis.classes import CLASSES
from ppodoctor.diagnosis.explaining import SYMPTOMS
from ppodoctor.measures.trend import finite
from ppodoctor.records import UpdateRecord

FAMILIES = ("env", "reward", "config", "exploration", "network", "statistics")
TABLES = ("minibatches", "rollouts", "calls", "episodes", "source", "envs", "parameters", "optimizers")


TWINS = twins(*FAMILIES)
# what a made run cannot hold has a test of its own instead of a twin
ALONE = {name for name, twin in TWINS.items() if not hasattr(twin, "SICK")}
TWINS = {name: twin for name, twin in TWINS.items() if name not in ALONE}
HEALTHY = {**healthy(), **{f"near_{name}": twin.HEALTHY for name, twin in TWINS.items()}}
OWN = sorted(name for name, check in all_checks().items() if check.family in FAMILIES and name not in ALONE)


def hidden(scenario: Scenario, needs: tuple[str, ...]) -> Scenario:
    """The scenario without the tables and columns that are not in `needs`."""
    columns = {f.name for f in fields(UpdateRecord)} - {"update", "step", "wall"} - set(needs)
    rows = tuple(replace(row, **dict.fromkeys(columns)) for row in scenario.run.updates)
    gone = {name: {} if name in ("calls", "source") else () for name in TABLES if name not in needs}
    readings = scenario.readings if "minibatches" in needs else ()
    return Scenario(replace(scenario.run, updates=rows, **gone), readings)


def gist(found: list[Evidence]) -> list[tuple[str | None, float]]:
    """What must not change when something else is hidden."""
    return [(e.column, e.strength) for e in found]


def test_every_check_has_a_twin():
    assert sorted(TWINS) == OWN


@pytest.mark.parametrize("name", OWN)
def test_fires_on_its_own_run(name, evidence):
    sick = TWINS[name].SICK
    assert missing_for(all_checks()[name], sick.run) == ()
    assert evidence(sick, name)


@pytest.mark.parametrize("name", OWN)
def test_a_healthy_band_is_one_of_the_column_it_is_drawn_into(name, evidence):
    """What was seen is among the column's values; a range of something else is called "usual" and not drawn."""
    sick = TWINS[name].SICK
    for found in evidence(sick, name):
        if found.column is not None and "healthy" in found.data:
            values = finite(sick.run.column(found.column))
            assert values.min() <= found.data["seen"] <= values.max()


@pytest.mark.parametrize("name", OWN)
def test_is_unmoved_by_what_it_did_not_ask_for(name, evidence):
    sick = TWINS[name].SICK
    bare = hidden(sick, all_checks()[name].needs)
    assert missing_for(all_checks()[name], bare.run) == ()
    assert gist(evidence(bare, name)) == gist(evidence(sick, name))


@pytest.mark.parametrize("scenario", sorted(HEALTHY))
def test_no_cause_is_found_in_a_healthy_run(scenario, diagnosed):
    found = diagnosed(HEALTHY[scenario])
    assert [f.id for f in found.causes] == []
    assert [f.id for f in found.notes] == []


@pytest.mark.parametrize("name", OWN)
def test_a_run_with_the_fault_shows_it_in_its_diagnosis(name, diagnosed):
    def ids(findings):
        return {f.id for f in findings}.union(*[ids(f.consequences) for f in findings])

    found = diagnosed(TWINS[name].SICK)
    assert name in ids((*found.causes, *found.notes))
    assert [s for s in found.skipped if "itself failed" in s.missing[0]] == [], "no check fails on another one's run"


@pytest.mark.parametrize("name", OWN)
def test_the_page_has_its_parts(name):
    page = all_checks()[name].page
    for part in ("What it sees:", "Why it hurts:", "Also looks like:", "Fix:", "References:"):
        assert part in page
    assert all_checks()[name].refuted_by
    assert all_checks()[name].faults


def test_relations_name_checks_that_exist():
    known = set(all_checks())
    assert known >= SYMPTOMS
    assert {name for kind in CLASSES for name in kind.order} <= known
    related = {name for check in map(all_checks().get, OWN) for name in check.explains}
    assert related <= known
