"""Raw tensors of a rollout for the run folder: the environment's steps, and what the networks were asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.specimens import ModuleCalls, RolloutSpecimen
from ppodoctor.training.loss_tree import LossFacts
from ppodoctor.training.trajectory import Trajectory
from ppodoctor.training.tree import leaves

WIDEST = 512
"""Numbers kept of an observation; wider ones are thinned by a stride."""


def rollout_specimen(update: int, trajectory: Trajectory) -> RolloutSpecimen:
    """The steps as the learner received them: normalised observations and rewards where it normalises."""
    raw = trajectory.raw
    assert raw is not None
    obs, stride = flat_numbers(trajectory.observation, 2)
    last, _ = flat_numbers(trajectory.last_observation, 1)
    final, _ = flat_numbers(raw.seen_final, 2)
    following = np.concatenate([obs[1:], last[None]])
    ended = trajectory.ended
    following = np.where(ended[..., None], final, following)
    return RolloutSpecimen(
        update=update,
        stream=0,
        first_call=(update - 1) * len(obs),
        obs=obs,
        next_obs=following,
        action=raw.sent,
        reward=trajectory.reward.astype(np.float64),
        terminated=trajectory.terminated.copy(),
        truncated=trajectory.truncated.copy(),
        done_seen=trajectory.terminated.copy(),
        raw_reward=raw.reward,
        inner_action=raw.sent,
        filler=~trajectory.valid,
        # with next-step auto-reset the row after an end still shows the last observation: the reset comes behind it
        reset_before=trajectory.starts & trajectory.valid,
        last_obs=last,
        final_known=np.ones_like(ended),
        obs_stride=stride,
        obs_shape=tuple(trajectory.observation.shape[2:]) if isinstance(trajectory.observation, np.ndarray) else (),
    )


def flat_numbers(tree: Any, leading: int) -> tuple[NDArray[Any], int]:
    """([..., D] numbers of all leaves side by side, stride by which they were thinned)."""
    arrays = leaves(tree)
    rows = arrays[0].shape[:leading]
    flat = [array.reshape(*rows, -1) for array in arrays]
    whole = flat[0].copy() if len(flat) == 1 else np.concatenate(flat, axis=-1)
    stride = -(-whole.shape[-1] // WIDEST)
    return whole[..., ::stride], stride


class _Calls:
    """Calls of two networks in the order in which they were made."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.order = 0
        self.rows: dict[str, list[tuple[int, int, NDArray[Any], NDArray[Any]]]] = {"actor": [], "critic": []}

    def ask(self, tower: str, step: int, inputs: NDArray[Any], outputs: NDArray[Any]) -> None:
        """A network was asked for these rows after so many steps."""
        self.rows[tower].append((step, self.order, inputs, outputs))
        self.order += 2

    def modules(self, facts: LossFacts) -> list[ModuleCalls]:
        """First layers with their inputs, output layers with their outputs."""
        found = []
        for tower, rows in self.rows.items():
            if not rows:
                continue
            count = len(rows)
            steps, orders, sizes = (np.array(c) for c in zip(*((s, o, len(x)) for s, o, x, _ in rows), strict=True))
            common: dict[str, Any] = {"step": steps, "stream": np.zeros(count, np.int64), "rows": sizes}
            common |= {"version": np.full(count, self.version), "grad": np.zeros(count, np.bool_)}
            common |= {"training": np.ones(count, np.bool_)}
            first = ModuleCalls(facts.module(tower, 0), "Linear", role="first", order=orders, **common)
            first.inputs = np.concatenate([x for _, _, x, _ in rows])
            head = ModuleCalls(facts.module(tower, facts.last), "Linear", role="head", order=orders + 1, **common)
            head.outputs = np.concatenate([y for _, _, _, y in rows])
            found += [first, head]
        return found


def layer_calls(update: int, version: int, trajectory: Trajectory, facts: LossFacts) -> list[ModuleCalls]:
    """What actor and critic were asked during a rollout: each row, the final observations of cut episodes, the tail."""
    raw = trajectory.raw
    assert raw is not None
    steps = len(trajectory.reward)
    began = (update - 1) * steps
    obs, final, last = (
        flat_numbers(tree, leading)[0]
        for tree, leading in ((trajectory.observation, 2), (raw.seen_final, 2), (trajectory.last_observation, 1))
    )
    calls = _Calls(version)
    for t in range(steps):
        if trajectory.outputs is not None:
            calls.ask("actor", began + t, obs[t], trajectory.outputs[t])
        calls.ask("critic", began + t, obs[t], trajectory.value[t][:, None])
        cut = trajectory.truncated[t]
        if cut.any():
            calls.ask("critic", began + t + 1, final[t][cut], trajectory.next_value[t][cut][:, None])
    # where the last row ended an episode, its next value is that of the final observation, not of the tail
    going = ~trajectory.ended[-1]
    if going.any():
        calls.ask("critic", began + steps, last[going], trajectory.next_value[-1][going][:, None])
    return calls.modules(facts)
