"""Environment steps out of the recorded rollouts: what leads to what, and how much an action matters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from ppodoctor.measures.ends import ended
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

Array = np.ndarray
WIDEST = 12
"""Observation numbers that regressions look at: the ones that vary most."""


_CUBED = 5
"""Up to so many numbers, third powers and products are fitted too."""


@dataclass(frozen=True)
class Transitions:
    """Steps of one task, auto-reset rows left out, in time order within each environment."""

    obs: Array
    """[n, D]"""
    change: Array
    """[n, D] next observation minus observation; NaN where the successor is not known."""
    action: Array
    """[n, A] one-hot for whole-numbered actions, else the components."""
    reward: Array
    """[n]"""
    ended: Array
    """[n] 1 where the step ended the episode."""
    before: Array
    """[n] index of the previous step of the same episode and environment, -1 where there is none."""

    def __len__(self) -> int:
        return len(self.reward)


def train_rollouts(run: Run) -> List[RolloutSpecimen]:
    """Recorded rollouts of the environments that train."""
    evaluating = {env.stream for env in run.envs if env.role == "evaluate"}
    return [r for r in run.rollouts if r.stream not in evaluating and np.size(r.reward)]


def unbroken_rollouts(run: Run) -> Dict[int, List[RolloutSpecimen]]:
    """By stream that trains: its recorded rollouts from the first step on, without a gap."""
    streams: Dict[int, List[RolloutSpecimen]] = {}
    for rollout in sorted(train_rollouts(run), key=lambda one: one.first_call):
        own = streams.setdefault(rollout.stream, [])
        if rollout.first_call == (own[-1].first_call + len(own[-1].reward) if own else 0):
            own.append(rollout)
    return {stream: own for stream, own in streams.items() if own}


def stepped(rollout: RolloutSpecimen) -> Array:
    """[T, N] bool: rows that are steps, not fillers of an auto-reset."""
    if rollout.filler is None:
        return np.ones(np.shape(rollout.reward), dtype=bool)
    return ~np.asarray(rollout.filler, dtype=bool)


def rewards(run: Run) -> Array:
    """[n] rewards that the script received, over the recorded rollouts."""
    parts = [np.asarray(r.reward, np.float64)[stepped(r)] for r in train_rollouts(run)]
    return np.concatenate(parts) if parts else np.zeros(0)


def rewards_with_raw(run: Run) -> Tuple[Array, Array]:
    """[n] received and [n] raw rewards of the same steps; empty where the raw ones are not visible."""
    pairs = [(r.reward, r.raw_reward, stepped(r)) for r in train_rollouts(run) if r.raw_reward is not None]
    if not pairs:
        return np.zeros(0), np.zeros(0)
    seen = np.concatenate([np.asarray(a, np.float64)[keep] for a, _, keep in pairs])
    raw = np.concatenate([np.asarray(b, np.float64)[keep] for _, b, keep in pairs])
    known = ~np.isnan(raw)
    return seen[known], raw[known]


def observations(run: Run) -> Array:
    """[n, D] observations acted on, of the training stream with most of them."""
    by_width: dict[int, List[Array]] = {}
    for one in train_rollouts(run):
        obs = np.asarray(one.obs, np.float64)
        by_width.setdefault(obs.shape[-1], []).append(obs.reshape(-1, obs.shape[-1]))
    parts = max(by_width.values(), key=lambda found: sum(map(len, found)), default=[])
    return np.concatenate(parts) if parts else np.zeros((0, 0))


def transitions(run: Run, *, most: int = 8_000) -> Optional[Transitions]:
    """The first recorded steps of the widest-recorded task; None when the rollouts do not fit together."""
    rollouts = train_rollouts(run)
    widths = [np.shape(r.obs)[-1] for r in rollouts]
    if not rollouts:
        return None
    width = max(set(widths), key=widths.count)
    chosen = sorted((r for r, w in zip(rollouts, widths) if w == width), key=lambda r: r.update)
    actions = [_components(np.asarray(r.action), np.shape(r.reward)) for r in chosen]
    if any(a is None for a in actions):
        return None
    coded = _coded([a for a in actions if a is not None])
    if coded is None:
        return None
    parts = [_rows(r, a) for r, a in zip(chosen, coded)]
    return _joined(parts, most)


def _components(action: Array, shape: Tuple[int, ...]) -> Optional[Array]:
    """[T, N, A] float actions, or None for what is not numbers in this layout."""
    if action.dtype.kind not in "iufb" or action.shape[:2] != tuple(shape):
        return None
    return action.astype(np.float64).reshape(*shape, -1)


def _coded(actions: List[Array]) -> Optional[List[Array]]:
    """One-hot where a single component takes few whole values, else as they are."""
    if len({a.shape[-1] for a in actions}) != 1:
        return None
    if actions[0].shape[-1] != 1:
        return actions
    values = np.unique(np.concatenate([a.ravel() for a in actions]))
    if len(values) > 32 or not np.all(values == np.round(values)):
        return actions
    return [(a == values).astype(np.float64) for a in actions]


def _rows(rollout: RolloutSpecimen, action: Array) -> Transitions:
    """One rollout, environment after environment."""
    steps, count = np.shape(rollout.reward)
    keep = stepped(rollout).T.ravel()
    over = ended(rollout).T.ravel()
    known = np.ones(len(over), bool)
    if rollout.final_known is not None:
        known = ~over | np.asarray(rollout.final_known, bool).T.ravel()
    obs = np.swapaxes(np.asarray(rollout.obs, np.float64), 0, 1).reshape(steps * count, -1)
    following = np.swapaxes(np.asarray(rollout.next_obs, np.float64), 0, 1).reshape(steps * count, -1)
    change = np.where(known[:, None], following - obs, np.nan)
    started = np.zeros(len(over), bool)
    started[::steps] = True
    if rollout.reset_before is not None:
        started |= np.asarray(rollout.reset_before, bool).T.ravel()
    started[1:] |= over[:-1]
    before = np.where(started, -1, np.arange(len(over)) - 1)
    place = np.cumsum(keep) - 1
    linked = (before >= 0) & keep[np.maximum(before, 0)]
    before = np.where(linked, place[np.maximum(before, 0)], -1)
    flat = np.swapaxes(action, 0, 1).reshape(steps * count, -1)
    reward = np.asarray(rollout.reward, np.float64).T.ravel()
    return Transitions(obs[keep], change[keep], flat[keep], reward[keep], over[keep].astype(float), before[keep])


def _joined(parts: List[Transitions], most: int) -> Transitions:
    befores, offset = [], 0
    for part in parts:
        befores.append(np.where(part.before >= 0, part.before + offset, -1))
        offset += len(part)
    columns = [
        np.concatenate([getattr(p, name) for p in parts]) for name in ("obs", "change", "action", "reward", "ended")
    ]
    obs, change, action, reward, ended = (c[:most] for c in columns)
    return Transitions(obs, change, action, reward, ended, np.concatenate(befores)[:most])


def features(obs: Array) -> Array:
    """[n, F] a constant, the observation's widest numbers, their squares and products (and cubes of a few)."""
    scaled = standardised(widest(obs))
    i, j = np.triu_indices(scaled.shape[1])
    squares = scaled[:, i] * scaled[:, j]
    parts = [np.ones((len(scaled), 1)), scaled, squares]
    if 0 < scaled.shape[1] <= _CUBED:
        parts += [squares * scaled[:, k : k + 1] for k in range(scaled.shape[1])]
    return np.concatenate(parts, axis=1)


def widest(values: Array, most: int = WIDEST) -> Array:
    """[n, <= most] the columns that vary most relative to their level, constant ones left out."""
    spread = values.std(0)
    varying = np.flatnonzero(spread > 1e-12 * (1 + np.abs(values).max(0)))
    return values[:, varying[np.argsort(-spread[varying])][:most]]


def standardised(values: Array) -> Array:
    """[n, D] zero mean, unit spread, cut at 5 so that single outliers do not own a regression."""
    spread = values.std(0)
    return np.asarray(np.clip((values - values.mean(0)) / np.where(spread > 0, spread, 1.0), -5, 5))


def basis(given: Array) -> Array:
    """[n, rank] orthonormal columns that span those of `given` [n, F]."""
    # by the eigenvectors of the small square: a hundred times cheaper than an SVD of many rows, and exact enough here
    scaled = given / np.maximum(np.sqrt((given**2).sum(0)), 1e-300)
    sizes, vectors = np.linalg.eigh(scaled.T @ scaled)
    kept = sizes > 1e-10 * max(sizes.max(initial=0.0), 1e-300)
    return np.asarray(scaled @ (vectors[:, kept] / np.sqrt(sizes[kept])))


def residual(values: Array, given: Array) -> Array:
    """[n, K] what a linear fit on the orthonormal columns `given` [n, rank] leaves of `values` [n, K]."""
    return np.asarray(values - given @ (given.T @ values))


def effect_p(values: Array, causes: Array, degrees: int) -> Array:
    """[K] p-values (F tests) that `causes` [n, C] do not move `values` [n, K], both residuals of `degrees` others."""
    directions = basis(causes)
    n, rank = directions.shape
    free = n - rank - degrees
    if rank == 0 or free < 30:
        return np.ones(values.shape[1])
    total = (values**2).sum(0)
    explained = ((directions.T @ values) ** 2).sum(0)
    rest = np.maximum(total - explained, 1e-12 * np.maximum(total, 1e-300))
    return np.array([chance(f, rank, free) for f in (explained / rank) / (rest / free)])


def effect_p_uneven(values: Array, causes: Array) -> Array:
    """[K] p-values as from `effect_p`, for values [n, K] whose noise is not the same in every row.

    Ends, sparse rewards and jumps (a goal that is placed anew) come only in some states, often extreme ones, where the
    products of action and observation are extreme too: there an F test sees effects that are none. A score test with
    the noise of every row its own does not (White 1980; in the form n R^2 of a regression of ones on the scores,
    Davidson and MacKinnon 1985).
    """
    directions, ones = basis(causes), np.ones(len(values))
    found = []
    for column in values.T:
        scores = basis(directions * column[:, None])
        explained = float(((scores.T @ ones) ** 2).sum())
        found.append(chance(explained / max(scores.shape[1], 1), max(scores.shape[1], 1), math.inf))
    return np.array(found)


def chance(f: float, above: int, below: float) -> float:
    """Upper tail of the F distribution, by Paulson's normal approximation (1942)."""
    if f <= 0:
        return 1.0
    a, b, cube = 2 / (9 * above), 2 / (9 * below), f ** (1 / 3)
    z = (cube * (1 - b) - (1 - a)) / math.sqrt(a + b * cube * cube)
    return 0.5 * math.erfc(z / math.sqrt(2))
