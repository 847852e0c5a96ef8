"""Next states that a script gives to its critic all at once, after the rollout: critic(next_states) over the buffer.

What a network sees of a next state is known for most of them, as it is what was seen in the next step. A batch that
agrees with those row by row holds the others, too: states in which episodes ended, which nobody acted in.
"""

from __future__ import annotations

from typing import Any, Iterator, Optional, Sequence

import numpy as np

from ppodoctor.measures.acting import CallRows, row_keys
from ppodoctor.measures.ends import ended, resets_after
from ppodoctor.specimens import RolloutSpecimen

Array = Any
AGREE = 0.95
FEWEST = 8


def successor_keys(rollout: RolloutSpecimen, acted: Array, known: Array, firsts: Sequence[CallRows]) -> Optional[Array]:
    """[T, N] keys of what the network was given of each row's next state; None where there is no such batch.

    `acted` are the keys [T, N] of what it saw when it acted, where `known`.
    """
    follows = ~(ended(rollout) | resets_after(rollout))[:-1] & known[1:]
    if follows.sum() < FEWEST:
        return None
    for table in _batches(firsts, acted.shape):
        if (table[:-1] == acted[1:])[follows].mean() > AGREE:
            return table
    return None


def _batches(firsts: Sequence[CallRows], shape: tuple[int, ...]) -> Iterator[Array]:
    """Calls with a row for each step, laid out as [T, N] from step to step or from environment to environment."""
    steps, envs = shape
    for first in firsts:
        for begin in np.flatnonzero((first.rows == steps * envs) & (first.place == 0)):
            keys = row_keys(first.data[begin : begin + steps * envs])
            yield keys.reshape(steps, envs)
            if envs > 1:
                yield keys.reshape(envs, steps).T
