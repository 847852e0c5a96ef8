"""First observations of the episodes that were recorded, copy of the environment by copy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np

from ppodoctor.measures.steps import train_rollouts, unbroken_rollouts
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

Array = Any

Starts = Mapping[Tuple[int, int], List[Array]]
"""By stream of steps and copy in it: the observations that episodes began with, in order."""


@lru_cache(maxsize=8)
def episode_starts(run: Run, *, unbroken: bool = False) -> Starts:
    """The starts in all recorded rollouts of training.

    With `unbroken` only those from a stream's first step on, so that the k-th is that of the copy's k-th episode.
    """
    streams = unbroken_rollouts(run) if unbroken else _by_stream(run)
    found: Dict[Tuple[int, int], List[Array]] = {}
    for stream, own in streams.items():
        for rollout in own:
            obs, began = np.asarray(rollout.obs), _began(rollout)
            for t, n in np.argwhere(began):
                found.setdefault((stream, int(n)), []).append(obs[t, n])
    return found


def _by_stream(run: Run) -> Dict[int, List[RolloutSpecimen]]:
    streams: Dict[int, List[RolloutSpecimen]] = {}
    for rollout in sorted(train_rollouts(run), key=lambda one: one.first_call):
        streams.setdefault(rollout.stream, []).append(rollout)
    return streams


def _began(rollout: RolloutSpecimen) -> Array:
    shape = np.shape(rollout.reward)
    began = np.zeros(shape, bool) if rollout.reset_before is None else np.array(rollout.reset_before, bool)
    if rollout.first_call == 0:
        began[:1] = True
    return began
