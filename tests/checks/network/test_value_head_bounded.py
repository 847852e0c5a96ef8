"""Twin of `value_head_bounded`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenarios import failing, steady, with_readings


def ending_in(head, run, shrink=1.0, sign=1.0):
    """The run with a value head that ends in an activation, and targets that are shrunk or turned."""
    return with_readings(
        run,
        lambda r: replace(
            r,
            value=replace(
                r.value,
                head=head,
                prediction=np.clip(r.value.prediction, 0.0 if head != "Tanh" else -1.0, 1.0),
                target=sign * shrink * r.value.target,
            ),
        ),
    )


SICK = ending_in("Tanh", failing(steady()))
HEALTHY = ending_in("Tanh", steady(), shrink=0.01)


@pytest.mark.parametrize(("head", "name"), [("Tanh", "tanh"), ("Sigmoid", "sigmoid")])
def test_names_the_activation_and_its_reach(evidence, head, name):
    (found,) = evidence(ending_in(head, steady()), "value_head_bounded")
    assert f"comes out of a {name}" in found.text
    assert found.first_update == 1


def test_a_rectified_head_hurts_negative_targets_only(evidence):
    assert evidence(ending_in("Relu", steady()), "value_head_bounded") == []
    (found,) = evidence(ending_in("Relu", steady(), sign=-1.0), "value_head_bounded")
    assert "stays within 0 and above" in found.text


def test_a_plain_layer_is_never_bounded(evidence):
    assert evidence(ending_in("", steady()), "value_head_bounded") == []


def test_a_critic_with_a_loss_of_its_own_is_looked_at_too(evidence):
    apart = with_readings(SICK, lambda r: replace(r, surrogate=None))
    (found,) = evidence(apart, "value_head_bounded")
    assert "tanh" in found.text
