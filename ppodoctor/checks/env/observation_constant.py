"""Every observation is the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import Evidence, check
from ppodoctor.measures.ends import ended
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import observations, train_rollouts
from ppodoctor.run import Run


@check(
    title="The observation never changes",
    fix="make the environment (or the wrapper around it) return the state that the agent must react to",
    faults=(44,),
    needs=("rollouts",),
    explains=(
        "value_function_blind",
        "policy_stays_uniform",
        "action_ignored_by_env",
        "hidden_state",
        "observations_unscaled",
        "advantage_without_baseline",
    ),
    rivals=("action_ignored_by_env", "hidden_state"),
    refuted_by="two observations in one rollout that differ by more than the drift of a running normaliser",
    references=("RLExplorer: variance of each observation dimension",),
)
def observation_constant(run: Run, *, least_rows: int = 64) -> Iterator[Evidence]:
    """The agent sees the same numbers at every step, across episodes and actions.

    What it sees: the observations that the policy acted on, over all recorded rollouts; the range of every component is
    exactly 0, in each copy of the environment by itself. Or a running normaliser stands in front: then they are near 0
    and only ever drift one way, across the ends of episodes too.

    Why it hurts: with one observation there is one policy output and one value. The best that can be learned is the
    best constant distribution over actions.

    Also looks like: an environment that ignores the action (then observations do change), a hidden state (then some
    components change), a learning rate of 0 (then the observations are fine).

    Fix: look at the last wrapper that touches the observation: a mask, a division of integers, a normaliser whose
    variance exploded, an array that is never written.

    References: RLExplorer (state variance); fault 44.
    """
    seen = observations(run)
    if len(seen) < least_rows or not np.isfinite(seen).all():
        return
    if np.any(np.ptp(seen, axis=0) > 0):
        copies = _still(run)
        if copies:
            yield Evidence(
                f"in each of {copies} copies of the environment all {seen.shape[1]} numbers of the observation are "
                f"constant ({len(seen)} steps, episodes of which ended)",
                where=made_at(train_env(run)),
                first_update=min(r.update for r in run.rollouts),
                data={"rows": len(seen), "dimensions": int(seen.shape[1])},
            )
        else:
            yield from _faded(run, seen)
        return
    shown = ", ".join(f"{v:.4g}" for v in seen[0, :4]) + (", ..." if seen.shape[1] > 4 else "")
    yield Evidence(
        f"all {seen.shape[1]} numbers of the observation are constant over {len(seen)} steps: ({shown})",
        where=made_at(train_env(run)),
        first_update=min(r.update for r in run.rollouts),
        data={"rows": len(seen), "dimensions": int(seen.shape[1])},
    )


def _still(run: Run, *, least: int = 32) -> int:
    """Copies in each of which the observation never changes, although an episode ended in most; 0 if it does in one."""
    copies: dict[tuple[int, int], list[np.ndarray]] = {}
    finished: set[tuple[int, int]] = set()
    for rollout in train_rollouts(run):
        obs = np.asarray(rollout.obs)
        over = ended(rollout).any(axis=0)
        for n in range(obs.shape[1]):
            copies.setdefault((rollout.stream, n), []).append(obs[:, n])
            finished |= {(rollout.stream, n)} if over[n] else set()
    rows = [np.concatenate(parts) for parts in copies.values()]
    still = all(len(one) >= least and not np.ptp(one, axis=0).any() for one in rows)
    return len(rows) if still and len(finished) >= 0.5 * len(rows) else 0


def _faded(run: Run, seen: np.ndarray, *, small: float = 0.05) -> Iterator[Evidence]:
    """What a running mean and standard deviation leave of a constant."""
    if np.abs(seen).max() > small:
        return
    steps = [np.diff(np.asarray(r.obs, np.float64), axis=0) for r in train_rollouts(run) if len(r.obs) > 1]
    if all(((step >= 0).all(axis=0) | (step <= 0).all(axis=0)).all() for step in steps):
        yield Evidence(
            f"over {len(seen)} steps all {seen.shape[1]} numbers of the observation stay within "
            f"{np.abs(seen).max():.2g} of 0 and only ever drift one way, across the ends of episodes too: a constant, "
            "normalised",
            where=made_at(train_env(run)),
            first_update=min(r.update for r in run.rollouts),
            data={"rows": len(seen), "dimensions": int(seen.shape[1])},
        )
