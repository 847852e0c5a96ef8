"""Twin of `samples_dropped`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from credit_runs import played

SICK = played(order="half", epochs=2)
HEALTHY = played(epochs=2)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "samples_dropped")
    assert "256 of 512 steps" in found.text


def test_an_evaluation_among_the_training_steps_is_no_loss(evidence):
    # one rollout is twice as long as the others: what is not trained on was played in between
    usual = tuple(replace(row, rollout_steps=256) for row in SICK.run.updates)
    assert not evidence(SICK.but(updates=usual), "samples_dropped")


def test_steps_of_an_environment_that_only_evaluates_are_not_missed(evidence):
    run = HEALTHY.run
    elsewhere = tuple(replace(one, stream=7, obs=one.obs + 100.0) for one in run.rollouts)
    apart = replace(run.envs[0], stream=7, role="evaluate")
    both = HEALTHY.but(rollouts=run.rollouts + elsewhere, envs=(*run.envs, apart))
    assert not evidence(both, "samples_dropped")
    taken_for_training = both.but(envs=(*run.envs, replace(apart, role="train")))
    assert evidence(taken_for_training, "samples_dropped")
