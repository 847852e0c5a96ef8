"""What the watch holds in memory is bounded, and the run says where a bound was reached."""

from __future__ import annotations

import gymnasium
import pytest
import torch
from test_here import Corridor

import ppodoctor
from ppodoctor.run import Run
from ppodoctor.watching import keeping, layer_calls


def play(steps, network=None):
    env = Corridor()
    obs, _ = env.reset(seed=0)
    for _ in range(steps):
        if network is not None:
            with torch.no_grad():
                network(torch.as_tensor(obs))
        obs, _, terminated, _, _ = env.step(1)
        if terminated:
            obs, _ = env.reset()


def test_a_script_that_never_trains_fills_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "ROWS_BUDGET", 2**20)
    with ppodoctor.watch(tmp_path / "run") as session:
        play(6000)
        held = [watched.stream.held for watched in session.env.streams.watched]
        assert not session.env.streams.watched[0].stream.keep
        assert sum(held) < 6000
    run = Run.load(tmp_path / "run")
    assert any("more than 1 MiB" in note.text for note in run.notes)
    assert not run.rollouts
    assert sum(env.steps for env in run.envs) == 6000
    assert sum(episode.length for episode in run.episodes) > 5900


def test_steps_within_the_budget_are_kept(tmp_path):
    with ppodoctor.watch(tmp_path / "run") as session:
        play(3000)
        assert session.env.streams.watched[0].stream.keep
        assert session.env.streams.watched[0].stream.held == 3000
    assert not Run.load(tmp_path / "run").notes


def test_calls_of_layers_are_kept_up_to_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_calls, "BYTES", 100_000)
    network = torch.nn.Linear(9, 2)
    with ppodoctor.watch(tmp_path / "run") as session:
        play(5000, network)
        kept = len(session.learner.layers.drain()) / layer_calls.ENTRY
        assert 0 < kept < 5000
        assert torch.nn.Linear.forward.__qualname__ == "Linear.forward"
    assert any("through the networks" in note.text for note in Run.load(tmp_path / "run").notes)


def test_every_environment_counts(tmp_path, monkeypatch):
    """A list of environments is bounded as a whole."""
    monkeypatch.setattr(keeping, "ROWS_BUDGET", 2**20)
    envs = [Corridor() for _ in range(8)]
    with ppodoctor.watch(tmp_path / "run") as session:
        for env in envs:
            env.reset(seed=0)
        for _ in range(700):
            for env in envs:
                env.step(0)
        assert not any(watched.stream.keep for watched in session.env.streams.watched)


@pytest.mark.parametrize("wide", [False, True])
def test_wide_observations_count_with_their_size(tmp_path, monkeypatch, wide):
    monkeypatch.setattr(keeping, "ROWS_BUDGET", 2**20)

    class Wide(Corridor):
        observation_space = gymnasium.spaces.Box(0.0, 1.0, (400 if wide else 9,))

    env = Wide()
    with ppodoctor.watch(tmp_path / "run") as session:
        env.reset(seed=0)
        for _ in range(1500):
            env.step(0)
        assert session.env.streams.watched[0].stream.keep is not wide
