"""Twin of `entropy_of_chosen_action_only`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import chosen_entropy, minus_log_prob_entropy
from watching.rare_losses import kl_penalty

SICK = trained(chosen_entropy)
ALSO = (trained(minus_log_prob_entropy),)
HEALTHY = trained(kl_penalty)  # also a mean of log-probabilities, but beside the old ones


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "entropy_of_chosen_action_only")
    assert "coefficient -0.01" in found.text
    assert "nats" in found.text
