"""The script's own values are found for every state that it asked its critic about, and for no other."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import ACTOR, Script, critic, make, seen_by_network

from ppodoctor.measures.ends import false_finals
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


def test_a_row_of_a_call_for_every_environment_is_its_own_however_alike_the_states_are():
    """Environments so alike that a normaliser that moves on hides which is which."""
    run, readings = make(Script(transform="affine", envs=4))
    rollout = run.rollouts[1]
    rng = np.random.default_rng(0)
    near = replace(
        rollout,
        obs=rollout.obs + rng.normal(size=rollout.obs.shape),
        last_obs=np.broadcast_to(rollout.last_obs.mean(axis=0), rollout.last_obs.shape),
    )
    (found,) = value_table(replace(run, rollouts=(run.rollouts[0], near)), 2, readings).rollouts
    (plain,) = value_table(run, 2, readings).rollouts
    assert found.last == pytest.approx(plain.last, abs=1e-6)


def test_a_final_observation_that_is_the_next_episodes_first_is_none():
    run, _ = make(Script(envs=4, limit=12))
    rollout = run.rollouts[0]
    assert not false_finals(rollout).any()
    following = np.concatenate([rollout.obs[1:], rollout.last_obs[None]])
    ended = rollout.terminated | rollout.truncated
    told = replace(rollout, next_obs=np.where(ended[..., None], following, rollout.next_obs))
    assert np.array_equal(false_finals(told)[:-1], ended[:-1])
    goes_on = replace(told, terminated=ended | np.roll(ended, 1, axis=0) | np.roll(ended, 2, axis=0))
    assert not false_finals(goes_on).any(), "it was not reset, and ends again at once"
