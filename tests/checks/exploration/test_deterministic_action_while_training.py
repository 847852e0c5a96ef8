"""Twin of `deterministic_action_while_training`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

from scenarios import PENDULUM, failing, steady, with_readings

SICK = with_readings(failing(steady()), lambda r: replace(r, head=replace(r.head, action=r.head.logits.argmax(1))))
HEALTHY = steady()


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "deterministic_action_while_training")
    assert "are the likeliest one" in found.text


def test_exact_means_are_modes_too(evidence):
    gaussian = with_readings(steady(PENDULUM), lambda r: replace(r, head=replace(r.head, action=r.head.mean)))
    (found,) = evidence(gaussian, "deterministic_action_while_training")
    assert "mean of its distribution" in found.text


def test_a_policy_that_is_nearly_sure_may_always_take_its_mode(evidence):
    sure = with_readings(
        steady(),
        lambda r: replace(r, head=replace(r.head, logits=r.head.logits * 0 + [-1e-5, -11.5], action=r.head.action * 0)),
    )
    assert evidence(sure, "deterministic_action_while_training") == []


def test_the_mean_of_a_beta_is_seen_as_well(evidence):
    beta = with_readings(steady(PENDULUM), lambda r: replace(r, head=replace(r.head, kind="beta", action=r.head.mean)))
    (found,) = evidence(beta, "deterministic_action_while_training")
    assert "mean of its distribution" in found.text
