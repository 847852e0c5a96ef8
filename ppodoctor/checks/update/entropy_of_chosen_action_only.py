"""What is called entropy is computed from the chosen action's probability alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.minibatches import entropy_minibatches, site_over, sites_of
from ppodoctor.run import Run


@check(
    title="The entropy bonus uses the chosen action's probability only, which is not the entropy",
    fix="Use the distribution's own entropy: dist.entropy(), or -(p * log p).sum(-1) over all actions.",
    faults=(14,),
    needs=("minibatches",),
    explains=("entropy_collapsed", "policy_stays_uniform", "action_std_drifts"),
    rivals=("entropy_sign_flipped",),
    refuted_by="The term's values equal the closed-form entropy of the distribution on every sample.",
)
def entropy_of_chosen_action_only(run: Run, *, share: float = 0.8) -> Iterator[Evidence]:
    """The bonus is -log p(a) or -p(a) log p(a) of the taken action instead of the sum over all actions.

    What it sees: the term's values equal a function of the chosen action's log-probability, sample by sample, and not
    the closed-form entropy of the distribution.

    Why it hurts: its gradient is not the entropy's. The gradient of -log p(a) averages to 0 over the policy's own
    actions, so it is noise and no bonus; that of -p(a) log p(a) can point the other way.

    Also looks like: a penalty on the change of log p (a KL estimate) also contains log p, but with the old
    log-probability beside it; that is not reported.

    Fix: take the entropy of the whole distribution.
    """
    terms = entropy_minibatches(run)
    found = [(r, e, t) for r, e, t in terms if e.form == "chosen" and t.kind == "log_prob"]
    if not found or len(found) < share * len(terms):
        return
    reading, entropy, term = found[0]
    seen = None if entropy.value is None else float(np.mean(entropy.value))
    true = (
        None
        if entropy.expected is None
        else float(np.mean(entropy.expected.sum(-1) if entropy.expected.ndim > 1 else entropy.expected))
    )
    numbers = "" if seen is None or true is None else f" (it reads {seen:.3f} where the entropy is {true:.3f} nats)"
    yield Evidence(
        f"the term with coefficient {term.coefficient:+.4g} is made of the chosen action's log-probability{numbers}",
        where=sites_of(site_over(tuple(t for _, _, t in found), "site")),
        first_update=reading.update,
    )
