"""Every update check against real graphs: fires on its own fault, silent on right losses, alone unless it says why."""

from __future__ import annotations

import pytest
from scenarios import Scenario
from twins import twins
from update_runs import trained
from watching.losses import ALL_RIGHT, masked_sequences
from watching.rare_losses import RIGHT_TOO

from ppodoctor.checks import all_checks
from ppodoctor.checks.api import CAUSE, missing_for
from ppodoctor.diagnosis.engine import examine

CHECKS = {name: check for name, check in all_checks().items() if check.family == "update"}
RIGHT = {loss.__name__: loss for loss in (*ALL_RIGHT, masked_sequences, *RIGHT_TOO)}
TABLES = {"minibatches": (), "rollouts": (), "calls": {}, "episodes": (), "source": {}, "envs": ()}


TWINS = twins("update")
SICK = {name: twin.SICK for name, twin in TWINS.items()} | {
    f"{name}+{number}": other for name, twin in TWINS.items() for number, other in enumerate(getattr(twin, "ALSO", ()))
}


def fired(scenario: Scenario, evidence, *, causes: bool = False) -> set[str]:
    """Ids of the update checks that find something."""
    found = {name: evidence(scenario, name) for name, check in CHECKS.items() if not missing_for(check, scenario.run)}
    return {
        name
        for name, items in found.items()
        if items and not (causes and {e.severity or CHECKS[name].severity for e in items} != {CAUSE})
    }


def test_every_check_has_a_twin():
    assert sorted(TWINS) == sorted(CHECKS)


@pytest.mark.parametrize("case", SICK)
def test_fires_on_its_own_fault_and_names_a_line(case, evidence):
    name = case.partition("+")[0]
    found = evidence(SICK[case], name)
    assert found
    assert all(e.where and e.first_update for e in found)


@pytest.mark.parametrize("case", SICK)
def test_no_other_cause_is_found_unless_it_is_explained(case, evidence):
    name = case.partition("+")[0]
    assert fired(SICK[case], evidence, causes=True) - {name} <= set(CHECKS[name].explains)


@pytest.mark.parametrize("name", TWINS)
def test_is_unmoved_by_what_it_did_not_ask_for(name, evidence):
    sick, needs = SICK[name], CHECKS[name].needs
    bare = sick.but(**{table: empty for table, empty in TABLES.items() if table not in needs})
    assert [e.severity for e in evidence(bare, name)] == [e.severity for e in evidence(sick, name)]


@pytest.mark.parametrize("name", TWINS)
def test_is_silent_on_what_comes_near(name, evidence):
    assert fired(TWINS[name].HEALTHY, evidence) == set()


@pytest.mark.parametrize("name", RIGHT)
def test_no_check_finds_anything_in_a_right_loss(name, evidence):
    assert fired(trained(RIGHT[name]), evidence) == set()


@pytest.mark.parametrize("name", ["standard", "gaussian", "kl_penalty"])
def test_no_check_of_any_family_fails_on_a_right_loss(name):
    reasons = [examine(check, trained(RIGHT[name]).run).missing for check in all_checks().values()]
    assert not [reason for reason in reasons if any("itself failed" in one for one in reason)]


@pytest.mark.parametrize("name", CHECKS)
def test_the_page_has_its_parts(name):
    for part in ("What it sees:", "Why it hurts:", "Also looks like:", "Fix:"):
        assert part in CHECKS[name].page
    assert CHECKS[name].refuted_by
    assert CHECKS[name].faults
    assert CHECKS[name].explains
    assert CHECKS[name].rivals


@pytest.mark.parametrize("name", all_checks())
def test_related_checks_exist(name):
    check = all_checks()[name]
    assert {*check.explains, *check.rivals} <= set(all_checks()) - {name}
