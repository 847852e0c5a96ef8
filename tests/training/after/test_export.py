"""Exports of every kind of policy do what the policy does; one that does not is not kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from worlds_small import Hollow

from ppodoctor.cli import main
from ppodoctor.config import PPOConfig
from ppodoctor.training.envs.actions import sender
from ppodoctor.training.export import ExportError, export
from ppodoctor.training.export_module import Exported
from ppodoctor.training.train import train


class Own(torch.nn.Module):
    def __init__(self, space, parameters):
        super().__init__()
        self.body, self.head, self.value = torch.nn.Linear(3, 8), torch.nn.Linear(8, parameters), torch.nn.Linear(8, 1)

    def forward(self, x):
        h = torch.relu(self.body(x))
        return self.head(h), self.value(h)[:, 0]


class Branching(Own):
    def forward(self, x):
        return super().forward(x if x.sum() > 0 else 2 * x)


VECTOR = spaces.Box(-5, 5, (3,), np.float32)
BOUNDED = spaces.Box(np.array([-1, 0], np.float32), np.array([2, 10], np.float32))
NESTED = spaces.Dict(
    {
        "camera": spaces.Box(0, 255, (40, 40, 3), np.uint8),
        "speed": spaces.Box(-3, 3, (2,), np.float32),
        "gear": spaces.Discrete(4, start=-1),
        "more": spaces.Tuple((spaces.MultiBinary(2), spaces.MultiDiscrete([2, 3]))),
    }
)
KINDS = {
    "discrete": (VECTOR, spaces.Discrete(3, start=5), {"normalise_observations": True}, None),
    "box": (VECTOR, BOUNDED, {"normalise_observations": True, "activation": "relu"}, None),
    "squashed": (VECTOR, BOUNDED, {"squash_actions": True}, None),
    "several": (spaces.Discrete(6, start=2), spaces.MultiDiscrete([3, 2]), {}, None),
    "switches": (spaces.MultiBinary(4), spaces.MultiBinary(3), {"shared_network": True}, None),
    "nested": (NESTED, spaces.Discrete(3), {"normalise_observations": True}, None),
    "lstm": (VECTOR, spaces.Discrete(3), {"recurrent": "lstm", "recurrent_size": 8}, None),
    "gru": (VECTOR, BOUNDED, {"recurrent": "gru", "recurrent_size": 8}, None),
    "own": (VECTOR, spaces.Discrete(3), {}, Own),
}


def trained(kind, tmp_path, own=None):
    observation, action, changes, network = KINDS[kind]
    config = PPOConfig.from_dict(
        {"total_steps": 256, "num_envs": 4, "rollout_steps": 32, "minibatches": 2, "learning_rate": 0.01, **changes}
    )
    made = train(lambda: Hollow(observation, action), config, out=tmp_path / "run", actor_critic=own or network)
    return made.policy


@pytest.mark.parametrize("form", ["onnx", "torch"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_does_what_the_policy_does(kind, form, tmp_path):
    if form == "onnx":
        pytest.importorskip("onnxruntime")
    policy = trained(kind, tmp_path)
    made = export(policy, tmp_path / "out", form)
    assert made.path.exists()
    assert made.rows >= 64
    assert made.outputs[:2] == ("action", "parameters")
    assert (len(made.inputs), len(made.outputs)) == {"lstm": (3, 4), "gru": (2, 3), "nested": (5, 2)}.get(kind, (1, 2))


def test_the_file_alone_chooses_the_actions_of_the_policy(tmp_path):
    """By onnxruntime and numpy, as in a program that knows nothing of ppodoctor."""
    runtime = pytest.importorskip("onnxruntime")
    policy = trained("box", tmp_path)
    export(policy, tmp_path / "policy.onnx")
    session = runtime.InferenceSession(str(tmp_path / "policy.onnx"))
    x = np.random.default_rng(0).normal(0, 2, (17, 3)).astype(np.float32)
    action, parameters = session.run(None, {"observation": x})
    wanted = sender(policy.action_space)(policy.actions(x, deterministic=True))
    np.testing.assert_allclose(action, wanted, atol=1e-5)
    np.testing.assert_allclose(parameters[:, 2:], np.tile(policy.tensors["log_std"], (17, 1)), atol=1e-6)
    assert (action >= policy.action_space.low).all()
    assert '"distribution": "gaussian"' in session.get_modelmeta().custom_metadata_map["ppodoctor"]


@pytest.mark.parametrize("form", ["onnx", "torch"])
def test_an_export_that_differs_is_not_kept(form, tmp_path, monkeypatch):
    if form == "onnx":
        pytest.importorskip("onnxruntime")
    policy = trained("discrete", tmp_path)
    (tmp_path / "out").write_text("the one before")
    honest = Exported._scale
    monkeypatch.setattr(Exported, "_scale", lambda self, seen: honest(self, seen) * 1.5)
    with pytest.raises(ExportError, match=r"acts otherwise than the policy.*not kept"):
        export(policy, tmp_path / "out", form)
    assert (tmp_path / "out").read_text() == "the one before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


def test_a_network_that_cannot_be_traced_is_said(tmp_path):
    policy = trained("own", tmp_path, own=Branching)
    with pytest.raises(ExportError, match=r"torch cannot trace this network.*does not branch on values"):
        export(policy, tmp_path / "out", "torch")


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    pytest.importorskip("onnxruntime")
    trained("discrete", tmp_path)
    assert main(["export", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    assert (tmp_path / "run" / "policy.onnx").exists()
    assert "observation -> action, parameters" in out
    assert "Equal to the policy on 64 random observations" in out
    assert main(["export", str(tmp_path / "nothing")]) == 2
