"""A recurrent network carries its state from one episode into the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, Missing, check
from ppodoctor.measures.acting import RECURRENT
from ppodoctor.measures.minibatches import policy_minibatches
from ppodoctor.measures.samples import Use, sample_uses
from ppodoctor.measures.telemetry import log_ratio
from ppodoctor.run import Run


@check(
    title="Acting and training treat the recurrent state differently at episode ends",
    fix="Set the hidden state to 0 wherever an episode begins, both when acting and inside the training sequence.",
    faults=(41,),
    needs=("minibatches", "rollouts"),
    explains=("ratio_not_one_at_start",),
    rivals=("ratio_not_one_at_start", "stale_samples_reused"),
    refuted_by="A ratio of 1 in the first minibatch on samples behind an episode's end as well as before it.",
    references=("Huang et al. 2022, The 37 implementation details of PPO: LSTM", "docs/faults.md: invariant I6"),
)
def recurrent_state_not_reset(run: Run, *, rounding: float = 1e-4) -> Iterator[Evidence]:
    """Before the first step of an update the ratio is 1 up to the first end of an episode, and not behind it.

    What it sees: the ratio of the first minibatch, sample by sample, against where episodes began in the rollout.

    Why it hurts: behind every end the network is in another state than when it acted, so that log-probabilities and
    values are those of another situation.

    Also looks like: dropout or other normalisation while acting, where the ratio is off everywhere.

    Fix: multiply the state with (1 - episode_start) at every step of the sequence.

    References: Huang et al. 2022, The 37 implementation details of PPO: LSTM; docs/faults.md, invariant I6.
    """
    known = {(use.reading.update, use.reading.index): use for use in sample_uses(run)}
    first = [m for m in policy_minibatches(run) if m.in_order and (m.reading.update, m.reading.index) in known]
    behind, before = [], []
    for m in first:
        use, ratio = known[m.reading.update, m.reading.index], log_ratio(m.reading)
        if ratio is None or ratio.size != len(use.row) or not _is_recurrent(run, use):
            continue
        off = np.abs(ratio.ravel()) > rounding
        behind.append(off[use.found.matched & use.started])
        before.append(off[use.found.matched & ~use.started])
    if not behind or min(sum(map(len, behind)), sum(map(len, before))) < 8:
        raise Missing("no first minibatch of a recurrent network with samples on both sides of an episode's end")
    late, early = float(np.concatenate(behind).mean()), float(np.concatenate(before).mean())
    # right behind an end, and with a policy that is nearly uniform yet, the wrong memory changes little
    if late > 0.1 and early < 0.1 * late:
        yield Evidence(
            f"before any step of the update the ratio differs from 1 in {late:.0%} of the samples behind an episode's "
            f"end and in {early:.0%} of those before it",
            first_update=first[0].reading.update,
            data={"seen": late},
        )


def _is_recurrent(run: Run, use: Use) -> bool:
    own = run.calls.get(use.reading.update)
    classes = [calls.cls for one in ([own] if own else run.calls.values()) for calls in one]
    return not classes or any(name.startswith(RECURRENT) for name in classes)
