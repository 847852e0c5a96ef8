"""Twin of `discount_not_as_configured`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import pytest
from credit_runs import argued, played
from scenarios import Scenario

SICK = played(gamma=0.9)
HEALTHY = argued(played(gamma=0.9), "--gamma", "0.9")


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "discount_not_as_configured")
    assert "gamma is 0.9 in the advantages" in found.text
    assert "gamma = 0.99 (my_ppo.py:3)" in found.text


def saying(scenario: Scenario, text: str) -> Scenario:
    """The same run of a script with another text."""
    (name,) = scenario.run.source
    return Scenario(replace(scenario.run, source={name: text}), scenario.readings)


def test_a_default_that_is_used_although_the_script_sets_another_number(evidence):
    script = 'CFG = {"gamma": 0.99, "lam": 0.95}\n\n\ndef gae(rewards, gamma=0.9, lam=0.95):\n    return rewards\n'
    (found,) = evidence(saying(SICK, script), "discount_not_as_configured")
    assert "the script names gamma = 0.99 (my_ppo.py:1)" in found.text


def test_a_default_may_stand_beside_the_gamma_of_another_function(evidence):
    script = "def gae(rewards, gamma=0.9, lam=0.95):\n    return rewards\n\n\nschedule = StepLR(adam, 10, gamma=0.5)\n"
    assert not evidence(saying(SICK, script), "discount_not_as_configured")


@pytest.mark.parametrize("change", ["discount *= gamma", "discount = gamma * discount"])
def test_a_default_may_stand_beside_a_running_product(evidence, change):
    script = f"def gae(rewards, gamma=0.9):\n    discount = 0.5\n    for r in rewards:\n        {change}\n"
    assert not evidence(saying(SICK, script), "discount_not_as_configured")


@pytest.mark.parametrize("setting", ["gamma = 0.99", "self.gamma = 0.99"])
def test_a_default_that_is_used_although_a_function_sets_another_number(evidence, setting):
    script = f"def gae(rewards, gamma=0.9):\n    return rewards\n\n\ndef main(self):\n    {setting}\n"
    (found,) = evidence(saying(SICK, script), "discount_not_as_configured")
    assert "the script names gamma = 0.99 (my_ppo.py:6)" in found.text
