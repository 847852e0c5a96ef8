"""The script's own values are found for every state that it asked its critic about, and for no other."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import ACTOR, Script, critic, make, seen_by_network

from ppodoctor.measures.values import value_table


@pytest.mark.parametrize("transform", ["none", "affine"])
def test_values_come_from_the_critics_calls(transform):
    script = Script(transform=transform)
    run, readings = make(script)
    table = value_table(run, 2, readings)
    assert (table.source, table.known) == ("calls", 1.0)
    assert table.agreement < 1e-6
    (found,), rollout = table.rollouts, run.rollouts[1]

    def said(obs):
        return critic(seen_by_network(obs, script))

    assert found.obs == pytest.approx(said(rollout.obs), abs=1e-5)
    assert found.last == pytest.approx(said(rollout.last_obs), abs=1e-5)
    assert found.after[:-1] == pytest.approx(found.obs[1:], abs=1e-6)
    cut = rollout.truncated
    assert cut.any()
    assert found.successor[cut] == pytest.approx(said(rollout.next_obs)[cut], abs=1e-5)
    assert np.isnan(found.successor[rollout.terminated]).all(), "nobody asked about terminal states"


def test_the_network_may_see_parts_of_the_observation_in_another_order():
    script = Script()
    plain, readings = make(script)

    def whole(obs):
        return np.concatenate([np.ones_like(obs[..., :2]), obs[..., [2, 0, 1]]], axis=-1)

    rollouts = tuple(
        replace(r, obs=whole(r.obs), next_obs=whole(r.next_obs), last_obs=whole(r.last_obs), obs_shape=(5,))
        for r in plain.rollouts
    )
    (found,) = value_table(replace(plain, rollouts=rollouts), 2, readings).rollouts
    before = plain.rollouts[1]
    assert found.obs == pytest.approx(critic(before.obs), abs=1e-5)
    assert found.last == pytest.approx(critic(before.last_obs), abs=1e-5)
    cut = before.truncated
    assert found.successor[cut] == pytest.approx(critic(before.next_obs)[cut], abs=1e-5)


def test_a_state_that_was_not_asked_about_is_unknown():
    run, readings = make(Script(finals=False, tail_value=False))
    (found,) = value_table(run, 1, readings).rollouts
    rollout = run.rollouts[0]
    assert np.isnan(found.successor[rollout.truncated]).all()
    assert np.isnan(found.last).all()


def test_without_calls_the_first_predictions_are_used():
    run, readings = make(Script(calls=False, minibatches=2))
    table = value_table(run, 1, readings)
    assert table.source == "predictions"
    assert table.known == pytest.approx(0.5)


def test_later_predictions_are_another_critics():
    run, readings = make(Script(calls=False, minibatches=2))
    late = tuple(r for r in readings if r.index > 0)
    first = value_table(run, 1, readings).rollouts[0].obs
    second = value_table(run, 1, late).rollouts[0].obs
    assert not (np.isfinite(first) & np.isfinite(second)).any()


def test_a_head_that_says_something_else_is_no_critic():
    run, readings = make(Script())
    calls = {u: [c for c in own if c.role == "first" or c.module == ACTOR] for u, own in run.calls.items()}
    table = value_table(replace(run, calls=calls), 1, readings)
    assert table.source == "predictions"
    assert table.agreement > 0.1


def test_nothing_known_gives_none():
    run, readings = make(Script())
    assert value_table(replace(run, calls={}), 1, ()) is None
    assert value_table(replace(run, rollouts=()), 1, readings) is None
