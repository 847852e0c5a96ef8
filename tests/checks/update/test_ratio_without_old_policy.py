"""Twin of `ratio_without_old_policy`: a run that has it and one that comes near."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.distributions import MultivariateNormal
from update_runs import trained
from watching.losses import clipped, policy_gradient, standard

from ppodoctor.checks.api import NOTE

SICK = trained(policy_gradient)
HEALTHY = trained(standard)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "ratio_without_old_policy")
    assert "log p(a)" in found.text
    assert "no old policy" in found.text


def test_one_step_for_each_rollout_makes_it_a_note(evidence):
    rows = tuple(replace(row, optimizer_steps=1) for row in SICK.run.updates)
    (found,) = evidence(SICK.but(updates=rows), "ratio_without_old_policy")
    assert found.severity == NOTE


def test_the_normalisation_of_a_density_is_no_old_policy(evidence):
    """It carries a gradient as well, where the spread is trained."""

    def log_prob_of_several(b):
        dist = MultivariateNormal(b.policy(b.obs), torch.diag((2 * b.log_std).exp()))
        return -clipped(dist.log_prob(b.box), b.advantage).mean()

    run = trained(log_prob_of_several)
    assert evidence(run, "ratio_without_old_policy")
    assert not evidence(run, "old_log_prob_recomputed")
    assert not evidence(run, "ratio_without_exp")
