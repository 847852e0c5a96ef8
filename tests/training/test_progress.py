"""The line that shows how far a training is."""

from __future__ import annotations

import io
import re

import pytest

from ppodoctor.config import PPOConfig
from ppodoctor.training.envs import make_envs
from ppodoctor.training.progress import Progress
from ppodoctor.training.setup import make_trainer


@pytest.fixture(scope="module")
def seen():
    """A trainer after some updates, and the last of these."""
    config = PPOConfig(total_steps=64_000, rollout_steps=32)
    trainer = make_trainer(config, make_envs("CartPole-v1", config.num_envs))
    for update in trainer.run():
        if update.number == 20:
            return trainer, update
    raise AssertionError


def test_a_narrow_line_keeps_what_matters_most(seen):
    trainer, update = seen
    view = Progress(io.StringIO(), trainer.config, alive=True)
    view(trainer, update)
    wide = view.text(update, 1.0)
    assert [word in wide for word in ("return", "KL", "clip", "entropy", "explained")] == [True] * 5
    for width in range(60, len(wide)):
        line = view.text(update, 1.0, width)
        assert len(line) <= width
        assert line.endswith(wide.rpartition("| ")[2])
    assert "explained" not in view.text(update, 1.0, 79)


def test_the_speed_is_that_of_this_process(seen, tmp_path):
    """A run that is gone on with has steps that were taken earlier."""
    trainer, update = seen
    view = Progress(io.StringIO(), trainer.config, alive=True)
    trainer.steps = update.step - 1000
    view.begin(trainer, tmp_path)
    assert re.search(r"\b500/s", view.text(update, 2.0))
