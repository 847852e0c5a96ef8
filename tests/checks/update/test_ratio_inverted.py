"""Twin of `ratio_inverted`: a run that has it and one that comes near."""

from __future__ import annotations

from update_runs import trained
from watching.losses import clipped, inverted, quotient


def inverted_quotient(b):
    return -clipped(b.old.exp() / b.dist().log_prob(b.index).exp(), b.advantage).mean()


SICK = trained(inverted)
ALSO = (trained(inverted_quotient),)
HEALTHY = trained(quotient)


def test_says_what_was_seen(evidence):
    (found,) = evidence(SICK, "ratio_inverted")
    assert "minus sign in all 12" in found.text
