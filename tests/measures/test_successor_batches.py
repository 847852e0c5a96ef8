"""Next states asked about all at once: what the batch says of ends, and when it is none."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic import Script, critic, make, seen_by_network

from ppodoctor.measures.values import value_table
from ppodoctor.specimens import ModuleCalls


def asked_at_once(script: Script, *, layout: str = "steps", reset: bool = False):
    """A run whose critic is asked about all next states in one call behind each rollout, and about no final ones."""
    run, readings = make(replace(script, finals=False, tail_value=False))
    rollout = run.rollouts[0]
    following = np.concatenate([rollout.obs[1:], rollout.last_obs[None]]) if reset else rollout.next_obs
    rows = seen_by_network(following, script)
    rows = rows.reshape(-1, 3) if layout == "steps" else np.swapaxes(rows, 0, 1).reshape(-1, 3)
    calls = [more(one, rows, script) for one in run.calls[1]]
    return value_table(replace(run, calls={**run.calls, 1: calls}), 1, readings).rollouts[0], rollout


def more(calls: ModuleCalls, rows: np.ndarray, script: Script) -> ModuleCalls:
    """One more call of a layer, on these rows, after the last step."""
    columns = {
        name: getattr(calls, name) for name in ("step", "stream", "version", "grad", "training", "order", "rows")
    }
    later = {name: np.append(column, column[-1]) for name, column in columns.items()}
    later["step"][-1], later["rows"][-1] = script.steps, len(rows)
    later["order"][-1] += 3
    given = None if calls.inputs is None else np.concatenate([calls.inputs, rows])
    said = calls.outputs
    if said is not None:
        fresh = critic(rows)[:, None] if said.shape[1] == 1 else np.column_stack([rows[:, 0], -rows[:, 1]])
        said = np.concatenate([said, fresh.astype(said.dtype)])
    return replace(calls, inputs=given, outputs=said, **later)


@pytest.mark.parametrize("layout", ["steps", "environments"])
def test_values_of_final_states_come_from_the_batch(layout):
    script = Script(transform="affine", envs=4)
    found, rollout = asked_at_once(script, layout=layout)
    ends = rollout.terminated | rollout.truncated
    expected = critic(seen_by_network(rollout.next_obs, script))
    assert ends.sum() > 8
    assert found.successor[ends] == pytest.approx(expected[ends], abs=1e-5)
    assert found.last == pytest.approx(np.where(ends[-1], found.last, expected[-1]), abs=1e-5, nan_ok=True)


def test_a_batch_of_what_is_acted_in_next_says_nothing_of_final_states():
    script = Script(transform="affine", envs=4)
    found, rollout = asked_at_once(script, reset=True)
    ends = (rollout.terminated | rollout.truncated)[:-1]
    assert np.isnan(found.successor[:-1][ends]).all()
    assert np.isfinite(found.successor[:-1][~ends]).all()
