"""Classes are found again by what was written down of them, from wherever one stands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ppodoctor.config import ConfigError, PPOConfig
from ppodoctor.training.networks import ActorCritic
from ppodoctor.training.origin import find_named, name_in_module

NET = """
import torch
from besides import WIDTH

class Net(torch.nn.Module):
    def __init__(self, space, parameters):
        super().__init__()
        self.layer = torch.nn.Linear(space.shape[0], WIDTH)
        self.out = torch.nn.Linear(WIDTH, parameters + 1)

    def forward(self, x):
        out = self.out(torch.tanh(self.layer(x)))
        return out[:, 1:], out[:, 0]
"""


def test_a_class_of_a_package_is_found_by_its_module():
    name = name_in_module(ActorCritic)
    assert name == "ppodoctor.training.networks:ActorCritic"
    assert find_named(name) is ActorCritic
    assert find_named(name_in_module(PPOConfig.from_dict)).__func__ is PPOConfig.from_dict.__func__


def test_one_made_inside_of_another_has_no_name():
    class Inner: ...

    assert name_in_module(Inner) == ""
    assert name_in_module(lambda: None) == ""


@pytest.mark.parametrize("name", ["nowhere:Net", "ppodoctor.config:Net", "nowhere.py:Net", "Net", ""])
def test_what_cannot_be_found_is_said(name):
    with pytest.raises(ConfigError, match="cannot be found"):
        find_named(name)


def test_a_network_in_a_file_is_found_from_another_folder(tmp_path):
    """By processes of their own, as a person would: train here, evaluate and go on from elsewhere."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (here / "my_net.py").write_text(NET)
    (here / "besides.py").write_text("WIDTH = 8\n")
    flags = ["--total-steps", "1024", "--quiet", "--out", "run", "--network", "my_net.py:Net"]

    def run(folder, *arguments):
        command = [sys.executable, "-m", "ppodoctor", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    run(here, "train", "CartPole-v1", *flags)
    assert "stochastic" in run(there, "evaluate", "../here/run", "--episodes", "2")
    run(there, "train", "--resume", "../here/run", "--total-steps", "2048", "--quiet")
