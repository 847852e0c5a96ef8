"""Where the episodes of a recorded rollout end, what follows, and final observations that are none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ppodoctor.specimens import RolloutSpecimen

Array = Any


def ended(rollout: RolloutSpecimen) -> Array:
    """[T, N] bool: the episode ended with this row, for whatever reason."""
    return np.asarray(rollout.terminated, bool) | np.asarray(rollout.truncated, bool)


def resets_after(rollout: RolloutSpecimen) -> Array:
    """[T, N] bool: the next row's observation came from a reset. The last row's next one is not known to."""
    if rollout.reset_before is None:
        return ended(rollout)
    reset = np.asarray(rollout.reset_before, bool)
    moved = np.zeros(reset.shape[1], bool)
    if rollout.last_obs is not None:
        last, successor = np.asarray(rollout.last_obs), np.asarray(rollout.next_obs)[-1]
        if last.size == successor.size:
            moved = (last.reshape(len(moved), -1) != successor.reshape(len(moved), -1)).any(axis=1)
    return np.concatenate([reset[1:], moved[None]])


def false_finals(rollout: RolloutSpecimen, *, least: int = 3) -> Array:
    """[T, N] bool: ends whose final observation, as the environment hands it out, is the next episode's first one.

    An environment that goes on without a reset, where both are one state, ends again in the next step.
    """
    obs, final, end = np.asarray(rollout.obs, np.float64), np.asarray(rollout.next_obs, np.float64), ended(rollout)
    none = np.zeros(end.shape, bool)
    if rollout.final_known is None or obs.shape != final.shape or obs.ndim != 3:
        return none
    told = end & np.asarray(rollout.final_known, bool)
    told[-1:] = False  # what is acted on next is not recorded
    if rollout.filler is not None:
        told[:-1] &= ~np.asarray(rollout.filler, bool)[1:]  # auto-reset in the next step hands it out once more
    alike = told.copy()
    alike[:-1] &= (final[:-1] == obs[1:]).all(axis=2)
    if alike.sum() < max(least, 0.9 * told.sum()) or len(np.unique(final[alike], axis=0)) < 0.5 * alike.sum():
        return none
    again = (end[1:] & alike[:-1]).sum()
    return alike if again < 0.5 * alike.sum() else none
