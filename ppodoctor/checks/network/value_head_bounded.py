"""The critic's output cannot reach its targets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.observed import value_readings
from ppodoctor.run import Run

_REACH = {"Tanh": (-1.0, 1.0), "Sigmoid": (0.0, 1.0), "Relu": (0.0, np.inf)}
_NAMED_REACH = {"Tanh": "-1 to 1", "Sigmoid": "0 to 1", "Relu": "0 and above"}
_NAMES = {"Tanh": "tanh", "Sigmoid": "sigmoid", "Relu": "ReLU"}


@check(
    title="The critic's last activation keeps it from its targets",
    fix="end the value network in a plain linear layer, without tanh, sigmoid or ReLU",
    faults=(83, 88),
    needs=("minibatches",),
    explains=("value_function_blind",),
    rivals=("reward_scale_too_large", "value_clip_too_tight"),
    refuted_by="a prediction outside of the bound",
    references=("case reports: value heads that end in tanh, heads built with the default rectifier",),
)
def value_head_bounded(run: Run, *, beyond: float = 0.2, margin: float = 0.05) -> Iterator[Evidence]:
    """The prediction comes straight out of a tanh, a sigmoid or a ReLU, and targets lie where that cannot reach.

    What it sees: the operation that the value prediction leaves the network by, in the graph of the value loss, and
    the targets of the same minibatches. A fifth of them lie beyond 1 for a tanh, outside of 0 to 1 for a sigmoid,
    below 0 for a ReLU.

    Why it hurts: the advantage keeps a bias that no training removes.

    Also looks like: rewards that are too large (then predictions grow, slowly). A bounded head whose targets are
    scaled to its bounds is fine, and so is one that is multiplied with the largest return.

    Fix: see above.

    References: faults 83, 88.
    """
    terms = [(r.update, r.value) for r in value_readings(run) if r.value is not None]
    heads = [(update, term) for update, term in terms if term.target is not None and term.head in _REACH]
    if not heads:
        return
    head = heads[0][1].head
    low, high = _REACH[head]
    wanted = np.concatenate([np.ravel(np.asarray(term.target, float)) for _, term in heads])
    room = margin * max(float(np.std(wanted)), 1.0)
    outside = float(((wanted < low - room) | (wanted > high + room)).mean())
    if outside > beyond:
        site = next((term.site for _, term in heads if term.site is not None), None)
        yield Evidence(
            f"the value prediction comes out of a {_NAMES[head]}, so it stays within {_NAMED_REACH[head]}, but "
            f"{outside:.0%} of its targets lie beyond (typically {float(np.median(wanted)):.3g})",
            where=(site,) if site is not None else (),
            first_update=heads[0][0],
            data={"seen": outside},
        )
