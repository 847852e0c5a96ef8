"""Simple policies are measured in a copy of the environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ppodoctor.run import Run
from ppodoctor.watching.baseline import measure_baselines


def recorded(folder: Path, **env: Any) -> Path:
    facts = {"stream": 0, "layers": ["gymnasium.envs.classic_control.CartPoleEnv"], "role": "train", **env}
    (folder / "run.json").write_text(json.dumps({"schema": 1, "envs": [facts]}))
    (folder / "updates.jsonl").touch()
    return folder


def test_cartpole_random_beats_every_constant_action(tmp_path: Path) -> None:
    folder = recorded(tmp_path, spec_id="CartPole-v1", max_episode_steps=500)
    assert measure_baselines(folder, [sys.executable], seconds=2) is None
    baseline = Run.load(folder).envs[0].baseline
    assert len(baseline["random"]) >= 10
    assert 8 <= np.mean(baseline["constant"]) <= 11
    assert np.mean(baseline["random"]) > np.mean(baseline["constant"])


def test_box_actions_give_a_zero_policy(tmp_path: Path) -> None:
    folder = recorded(tmp_path, spec_id="Pendulum-v1", max_episode_steps=200)
    assert measure_baselines(folder, [sys.executable], seconds=2) is None
    assert set(Run.load(folder).envs[0].baseline) == {"random", "zero", "constant"}


@pytest.mark.parametrize(
    ("env", "words"), [({"spec_id": None}, "no registered name"), ({"spec_id": "Nowhere-v3"}, "Nowhere")]
)
def test_what_cannot_be_made_again_is_said(tmp_path: Path, env: dict[str, Any], words: str) -> None:
    folder = recorded(tmp_path, **env)
    before = Run.load(folder).envs[0].spec_id
    assert words in (measure_baselines(folder, [sys.executable], seconds=1) or "")
    assert Run.load(folder).envs[0].spec_id == before


def test_a_missing_interpreter_is_said(tmp_path: Path) -> None:
    folder = recorded(tmp_path, spec_id="CartPole-v1")
    assert "could not be measured" in (measure_baselines(folder, [str(tmp_path / "python")]) or "")
