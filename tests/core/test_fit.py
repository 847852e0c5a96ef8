"""What fits the core, what does not and why, and what an installation without it says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from gymnasium import spaces

from ppodoctor.config import PPOConfig
from ppodoctor.core import Spec, fits, misfit, spec_of

BOX = spaces.Box(-1, 1, (3,), np.float32)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"recurrent": "lstm"}, "recurrent"),
        ({"shared_network": True}, "share"),
        ({"squash_actions": True}, "squashed"),
        ({"device": "cuda"}, "cuda"),
    ],
)
def test_settings_that_do_not_fit(settings, why):
    assert why in misfit(PPOConfig(**settings), BOX, BOX)
    assert not fits(PPOConfig(**settings), BOX, BOX)


def test_spaces_that_fit():
    assert spec_of(BOX, spaces.Discrete(4)) == Spec(3, (4,))
    assert spec_of(spaces.Discrete(5), spaces.MultiDiscrete([2, 3])) == Spec(5, (2, 3))
    assert spec_of(BOX, spaces.Box(-2, 2, (2,), np.float32)) == Spec(3, (), 2, (-2.0, -2.0), (2.0, 2.0))
    parts = spaces.Dict({"a": BOX, "b": spaces.MultiBinary([2, 2]), "c": spaces.Tuple([spaces.MultiDiscrete([2, 3])])})
    assert spec_of(parts, spaces.Discrete(2)).inputs == 3 + 4 + 5
    assert fits(PPOConfig(), parts, spaces.Discrete(2))


def test_spaces_that_do_not_fit():
    image = spaces.Box(0, 255, (64, 64, 3), np.uint8)
    assert misfit(PPOConfig(), image, spaces.Discrete(2)) == "observations hold images"
    assert "MultiBinary, not Discrete" in misfit(PPOConfig(), BOX, spaces.MultiBinary(3))
    assert misfit(PPOConfig(), spaces.Text(5), spaces.Discrete(2)) == "observations are Text"


def test_an_installation_without_the_core_says_so():
    code = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "ppodoctor.core._core":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
from ppodoctor import core
from ppodoctor.config import PPOConfig
print(core.available(), core.why_not())
core.cancel()
try:
    core.Learner(PPOConfig(), core.TASKS["CartPole-v1"].spec)
except RuntimeError as error:
    print(error)
"""
    answer = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert answer.startswith("False ppodoctor was installed without its compiled core")
    assert answer.count("install g++ or clang") == 2
