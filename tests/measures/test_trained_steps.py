"""Which part of the steps between two updates is trained on, told by where the samples were found."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ppodoctor.measures import trained_steps
from ppodoctor.measures.returns import evaluation_episodes, task_episodes
from ppodoctor.measures.trained_steps import trained_part
from ppodoctor.records import EnvFacts, EpisodeRecord, UpdateRecord
from ppodoctor.run import Run
from ppodoctor.specimens import RolloutSpecimen

STEPS = 400


def rollout(update: int) -> RolloutSpecimen:
    """400 steps of one environment."""
    shape = (STEPS, 1)
    nothing = np.zeros(shape, bool)
    numbers = np.zeros((*shape, 2))
    return RolloutSpecimen(
        update, 0, STEPS * (update - 1), numbers, numbers, numbers[..., 0], numbers[..., 0], nothing, nothing, nothing
    )


@pytest.fixture
def run(monkeypatch):
    """A run of four updates whose samples come from some rows of each rollout."""

    def build(low: int, high: int, later: int = 0) -> Run:
        rng = np.random.default_rng(0)
        uses = []
        for update in range(1, 5):
            rows = rng.integers(low + later * (update > 2), high, 100) if update > 1 else rng.integers(0, STEPS, 100)
            found = SimpleNamespace(t=rows, matched=np.ones(100, bool), rollout=np.full(100, update - 1))
            uses.append(SimpleNamespace(reading=SimpleNamespace(update=update), found=found))
        monkeypatch.setattr(trained_steps, "sample_uses", lambda _: tuple(uses))
        episodes = [
            EpisodeRecord(step, 0, 0, float(step % STEPS), 0.0, 20, True, False, (step - 1) // STEPS)
            for step in range(20, 4 * STEPS + 1, 20)
        ]
        return Run(
            None,
            updates=tuple(UpdateRecord(k, k * STEPS, 0.0) for k in range(1, 5)),
            rollouts=tuple(rollout(k) for k in range(1, 5)),
            episodes=tuple(episodes),
            envs=(EnvFacts(0, cls="Env"),),
        )

    return build


def test_all_rows_used_is_no_evaluation(run):
    made = run(0, STEPS)
    assert trained_part(made) is None
    assert len(task_episodes(made)) == 80
    assert evaluation_episodes(made) == ()


def test_evaluation_before_training_steps_is_left_out(run):
    made = run(200, STEPS)
    where, count = trained_part(made)
    assert where == "last"
    assert 190 <= count <= 200
    assert {(e.step - 1) % STEPS >= 199 for e in task_episodes(made)} == {True}
    assert len(evaluation_episodes(made)) == 80 - len(task_episodes(made))


def test_where_whole_episodes_are_collected_the_fewest_steps_are_sure(run):
    where, count = trained_part(run(160, STEPS, later=60))
    assert where == "last"
    assert 170 <= count <= 180


def test_evaluation_after_training_steps_is_left_out(run):
    made = run(0, 200)
    assert trained_part(made)[0] == "first"
    assert max((e.step - 1) % STEPS for e in task_episodes(made)) < 200


def test_rows_in_the_middle_are_no_reason_to_leave_any_out(run):
    made = run(20, STEPS - 20)
    assert trained_part(made) is None
