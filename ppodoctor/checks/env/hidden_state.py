"""The observation does not hold what the next one depends on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ppodoctor.checks.api import MEASURED, Evidence, Missing, check
from ppodoctor.measures.observed import made_at, train_env
from ppodoctor.measures.steps import features, standardised, train_rollouts, transitions, widest
from ppodoctor.run import Run


@check(
    title="The observation hides part of the state",
    fix="add what is missing (velocities, the last action, the time left), stack the last frames, or use a "
    "recurrent policy",
    basis=MEASURED,
    tolerable=True,
    faults=(48,),
    needs=("rollouts",),
    explains=("value_function_blind",),
    rivals=("action_ignored_by_env",),
    refuted_by="a next observation that the present one and the action predict as well as the past does",
    treatments=("frame_stack=4",),
    references=("Pardo et al. 2018, Time Limits in RL", "Stable-Baselines3, RL tips and tricks"),
)
def hidden_state(
    run: Run, *, least_steps: int = 600, most_steps: int = 3000, unexplained: float = 0.25, with_past: float = 0.1
) -> Iterator[Evidence]:
    """The past predicts the next observation far better than the present does.

    What it sees: a fit (with squares and products) of the observation's change on the observation and the action, and
    the same with the previous step added, both judged on steps that the fit did not see. It speaks when the present
    leaves more than a quarter of the change of some component unexplained and the past brings that below a tenth of
    what was left.

    Why it hurts: a policy without memory cannot tell states apart that need different actions, a critic cannot tell
    apart those of different value.

    Also looks like: noise (then the past does not help either), an ignored action (likewise).

    Fix: see above. A recurrent policy has the past already: then this is no fault.

    References: Pardo et al. 2018; Stable-Baselines3, RL tips and tricks; fault 48.
    """
    data = transitions(run)
    if any(p.grad_seen and p.module.startswith(("GRU", "LSTM", "RNN")) for p in run.parameters):
        return
    if data is None:
        raise Missing("numeric actions in the recorded rollouts")
    known = (data.before >= 0) & np.isfinite(data.change).all(1)
    if known.sum() < least_steps:
        raise Missing(f"{least_steps} recorded steps that follow another one ({int(known.sum())} are there)")
    if not np.isfinite(data.obs).all():
        return
    chosen = np.flatnonzero(known)[:: max(1, int(known.sum()) // most_steps)]
    past = data.before[chosen]
    change = widest(data.change[chosen])
    if not change.size:
        return
    obs = data.obs[chosen]
    # all of the present, and not its widest parts alone: the past is given whole as well
    now = np.concatenate([features(obs), standardised(obs), data.action[chosen]], axis=1)
    then = np.concatenate([standardised(data.change[past]), data.action[past]], axis=1)
    then = np.where(np.isfinite(then), then, 0.0)
    if len(now) < 6 * (now.shape[1] + then.shape[1]):
        raise Missing(f"steps enough for {now.shape[1] + then.shape[1]} numbers of each ({len(now)} are there)")
    alone, both = _left(standardised(change), now), _left(standardised(change), np.concatenate([now, then], axis=1))
    worst = int(np.argmax(np.where(both < with_past * alone, alone, 0.0)))
    if alone[worst] > unexplained and both[worst] < with_past * alone[worst]:
        yield Evidence(
            f"an observation and its action leave {alone[worst]:.0%} of how the observation changes "
            "unexplained; with the "
            f"step before it is {both[worst]:.1%}: the state has a part that is not observed, such as a velocity",
            where=made_at(train_env(run)),
            strength=0.9,
            first_update=min(r.update for r in train_rollouts(run)),
            data={"present": float(alone[worst]), "with_past": float(both[worst])},
        )


def _left(values: np.ndarray, given: np.ndarray) -> np.ndarray:
    """[K] share of the variance that a fit on the even rows leaves on the odd ones."""
    known, asked = given[::2], given[1::2]
    # normal equations with a trace of ridge: redundant columns (one-hot actions beside a constant) do no harm
    square = known.T @ known
    square[np.diag_indices_from(square)] += 1e-9 * np.trace(square) / len(square)
    rest = values[1::2] - asked @ np.linalg.solve(square, known.T @ values[::2])
    return np.asarray(rest.var(0) / np.maximum(values[1::2].var(0), 1e-12))
