"""The taps on torch: what a quiet listener still hears."""

from __future__ import annotations

import pytest
import torch

from ppodoctor.watching.quiet import Quiet
from ppodoctor.watching.tap_torch import TorchTap


class Listener:
    """Notes what it is told of clipping."""

    def __init__(self):
        self.quiet = Quiet()
        self.limits = []

    def clipped(self, parameters, limit, norm):
        self.limits.append(limit)

    def before_backward(self, roots):
        pass

    def before_step(self, optimizer):
        pass

    def after_step(self, optimizer, *_):
        pass

    def note(self, *told):
        raise AssertionError(told)


@pytest.fixture
def listener():
    made = Listener()
    tap = TorchTap(torch, made)
    tap.attach()
    yield made
    tap.detach()


def test_clipping_is_heard_of_in_quiet_until_its_line_is_known(listener):
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    listener.quiet.begin(0)
    torch.nn.utils.clip_grad_norm_([weight], 0.5)
    torch.nn.utils.clip_grad_norm_([weight], 0.25)
    assert listener.limits == [0.5]
