"""Which part of each rollout is trained on: a script may evaluate in the very environment that it trains in.

Between two updates such a script takes evaluation steps before or after the training steps. Their episodes belong to
another policy (greedy, often) and must not be read as the return of training.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.samples import sample_uses
from ppodoctor.records import EpisodeRecord
from ppodoctor.run import Run

_LEAST = 48
"""Matched samples of one rollout that show where its trained rows lie."""
_VARIES = 1.5
"""Times that one rollout's trained rows may be those of another."""
_MARGIN = 0.15
"""Share of a rollout that must be untouched at one end: sampling alone leaves less."""


@lru_cache(maxsize=8)
def trained_part(run: Run) -> Optional[Tuple[str, int]]:
    """("last" or "first", steps): the only steps before each update that are trained on; None when all are."""
    if len(run.train_envs) > 1:
        return None
    spans = [span for span in (_span(run, number) for number in range(len(run.rollouts))) if span is not None]
    # the first rollout has no evaluation before it, so two later ones must agree
    if len(spans) < 2:
        return None
    head = [begin for begin, _, _ in spans]
    tail = [total - end for _, end, total in spans]
    used = [end - begin for begin, end, _ in spans]
    copies = max(1, max((env.num_envs for env in run.train_envs), default=1))
    if max(used) > _VARIES * min(used):
        return None
    # whole episodes are collected, more or fewer steps: the fewest hold no step of an evaluation
    if all(b > _MARGIN * t for b, (_, _, t) in zip(head, spans)):
        return "last", min(used) * copies
    if all(a > _MARGIN * t for a, (_, _, t) in zip(tail, spans)):
        return "first", min(used) * copies
    return None


def _span(run: Run, number: int) -> Optional[Tuple[int, int, int]]:
    """(first used row, row after the last used one, rows) of a rollout, by the update that it precedes."""
    rollout = run.rollouts[number]
    rows: List[np.ndarray] = []
    for use in sample_uses(run):
        if use.reading.update == rollout.update and use.reading.update > 1:
            rows.append(np.asarray(use.found.t)[use.found.matched & (use.found.rollout == number)])
    used = np.concatenate(rows) if rows else np.zeros(0, int)
    if len(used) < _LEAST:
        return None
    return int(used.min()), int(used.max()) + 1, int(np.shape(rollout.reward)[0])


def of_training(run: Run, episodes: Tuple[EpisodeRecord, ...]) -> Tuple[EpisodeRecord, ...]:
    """The episodes that ended within trained steps; all of them where nothing else is known."""
    part = trained_part(run)
    if part is None or not run.updates:
        return episodes
    where, count = part
    begins: Dict[int, int] = {}
    ends: Dict[int, int] = {}
    before = 0
    for row in run.updates:
        begins[row.update], ends[row.update] = before, row.step
        before = row.step
    kept = []
    for episode in episodes:
        update = episode.update + 1
        if update not in ends:
            continue
        low = ends[update] - count if where == "last" else begins[update]
        high = ends[update] if where == "last" else begins[update] + count
        if low < episode.step <= high:
            kept.append(episode)
    return tuple(kept) if kept else episodes
