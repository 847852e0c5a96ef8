"""Rewards that the script divides by a running standard deviation: the fits see through it, faults included."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import Script, make

from ppodoctor.measures.credit import fit_readings, steps_of_readings

GAMMA = {"source": {"ppo.py": "gamma = 0.97\n"}, "gamma": 0.97}


def fits(**script: Any) -> dict[str, Any]:
    return {fit.what: fit for fit in fit_readings(*make(Script(reward="running", **script)))}


@pytest.mark.parametrize("envs", [1, 4])
def test_advantages_are_met_to_rounding(envs):
    found = fits(envs=envs, steps=512 // envs, updates=3, **GAMMA)
    for fit in found.values():
        assert fit.exact
        assert (fit.gamma, fit.lam) == (pytest.approx(0.97, abs=1e-3), pytest.approx(0.95, abs=1e-3))
        assert not fit.deviations


@pytest.mark.parametrize(
    ("variant", "kind"),
    [
        ("done_previous", "done_shifted"),
        ("done_ignored", "termination_ignored"),
        ("death", "time_limit_read_as_death"),
        ("leak", "gae_leaks_across_episodes"),
        ("no_tail", "tail_not_bootstrapped"),
    ],
)
def test_a_planted_recursion_is_named(variant, kind):
    assert kind in {one.kind for one in fits(variant=variant)["targets"].deviations}


def test_plain_rewards_are_left_alone():
    run, readings = make(Script())
    table = steps_of_readings(run, readings)
    played = np.stack([rollout.reward for rollout in run.rollouts], axis=1).reshape(128, -1)
    assert np.array_equal(table.reward, played)


def test_nothing_is_made_again_where_the_first_steps_are_missing():
    run, readings = make(Script(reward="running"))
    later = tuple(replace(one, first_call=one.first_call + 1000) for one in run.rollouts)
    table = steps_of_readings(replace(run, rollouts=later), readings)
    played = np.stack([rollout.reward for rollout in run.rollouts], axis=1).reshape(128, -1)
    assert np.array_equal(table.reward, played)
