"""Every check of the two families on its twins: fires on its own, silent beside, honest about what it needs."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from scenarios import Scenario, steady
from twins import twins

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import Missing, missing_for

FAMILIES = ("advantage", "data")
TABLES = ("minibatches", "rollouts", "calls", "episodes", "source", "envs", "parameters", "optimizers")
TOGETHER = {
    "done_inverted": {"observations_shifted"},
    "gae_along_wrong_axis": {"time_limit_read_as_death"},
    "gae_leaks_across_environments": {"time_limit_read_as_death"},
    "termination_ignored": {"time_limit_ignored"},
    "time_limit_bootstrapped_from_reset": set(),
}
"""What a planted recursion does besides: these variants treat time limits their own way too."""


TWINS = twins(*FAMILIES)
OWN = sorted(name for name, check in all_checks().items() if check.family in FAMILIES)


def fired(scenario: Scenario, evidence) -> set[str]:
    """Ids of the two families' checks that find something."""
    found = set()
    for name in OWN:
        try:
            if missing_for(all_checks()[name], scenario.run) == () and evidence(scenario, name):
                found.add(name)
        except Missing:
            pass
    return found


def test_every_check_has_a_twin():
    assert sorted(TWINS) == OWN


@pytest.mark.parametrize("name", OWN)
def test_only_the_planted_fault_is_named(name, evidence):
    assert fired(TWINS[name].SICK, evidence) - TOGETHER.get(name, set()) == {name}


@pytest.mark.parametrize("name", OWN)
def test_what_comes_near_is_passed(name, evidence):
    assert name not in fired(TWINS[name].HEALTHY, evidence)


@pytest.mark.parametrize("name", OWN)
def test_is_unmoved_by_what_it_did_not_ask_for(name, evidence):
    check, sick = all_checks()[name], TWINS[name].SICK
    # what a twin of another family shows must not decide; calls only add values that the script asked for
    keep = {*check.needs, "calls"}
    gone = {table: {} if table in ("calls", "source") else () for table in TABLES if table not in keep}
    bare = Scenario(replace(sick.run, **gone), sick.readings if "minibatches" in keep else ())
    assert missing_for(check, bare.run) == ()
    assert [e.data for e in evidence(bare, name)] == [e.data for e in evidence(sick, name)]


@pytest.mark.parametrize("name", OWN)
def test_nothing_is_found_where_samples_match_no_step(name, evidence):
    with suppress(Missing):
        assert evidence(steady(), name) == []


@pytest.mark.parametrize("name", OWN)
def test_the_page_has_its_parts(name):
    check = all_checks()[name]
    for part in ("What it sees:", "Why it hurts:", "Also looks like:", "Fix:", "References:"):
        assert part in check.page
    assert check.refuted_by
    assert check.faults
    assert {*check.explains, *check.rivals} <= set(all_checks())
