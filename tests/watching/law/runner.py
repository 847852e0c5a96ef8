"""Run a script as `__main__`, then write down what it computed: `runner.py OUT SCRIPT ARGS...`.

Knows nothing of the watch. It holds every module and optimizer that the script makes, so that their last state can be
read when the script is over, and hashes the actions that reach the environments.
"""

from __future__ import annotations

import hashlib
import json
import random
import runpy
import sys
import threading

import gymnasium
import numpy as np
import torch

made, optimizers, losses = [], [], []
actions, steps = hashlib.sha256(), 0


def hold(kind, where):
    original = kind.__init__

    def __init__(self, *args, **kwargs):
        original(self, *args, **kwargs)
        where.append(self)

    kind.__init__ = __init__


def listen(kind):
    original = kind.__dict__["step"]

    def step(self, action):
        global steps
        steps += 1
        actions.update(np.asarray(action).tobytes())
        return original(self, action)

    kind.step = step


def note_own(cls, **kwargs):
    if "step" in cls.__dict__:
        listen(cls)


def digest(tensors):
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(str((tensor.dtype, tuple(tensor.shape), tensor.requires_grad)).encode())
        found.update(tensor.detach().contiguous().reshape(-1).numpy().tobytes())
    return found.hexdigest()[:16]


def direct(module):
    own = [*module._parameters.values(), *module._buffers.values()]
    return [tensor for tensor in own if tensor is not None and tensor.device.type == "cpu"]


def state(optimizer):
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            yield from (value for value in optimizer.state[parameter].values() if isinstance(value, torch.Tensor))


def facts():
    return {
        "modules": [[type(module).__name__, module.training, digest(direct(module))] for module in made],
        "gradients": [digest(p.grad for p in direct(module) if p.grad is not None) for module in made],
        "optimizers": [digest(state(optimizer)) for optimizer in optimizers],
        "actions": actions.hexdigest(),
        "steps": steps,
        "torch": digest([torch.get_rng_state()]),
        "numpy": hashlib.sha256(repr(np.random.get_state()).encode()).hexdigest(),  # noqa: NPY002 - the global one
        "python": hashlib.sha256(repr(random.getstate()).encode()).hexdigest(),
        "dtype": str(torch.get_default_dtype()),
        "grad_mode": torch.is_grad_enabled(),
        "modes": torch._C._len_torch_function_stack(),
        "threads": threading.active_count(),
    }


def main():
    out, script, *arguments = sys.argv[1:]
    sys.argv[:] = [script, *arguments]
    hold(torch.nn.Module, made)
    hold(torch.optim.Optimizer, optimizers)
    listen(gymnasium.wrappers.OrderEnforcing)
    gymnasium.Env.__init_subclass__ = classmethod(note_own)
    # A script that leaves one of them unseeded would differ from run to run by itself.
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002 - the global one
    torch.manual_seed(5)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        with open(out, "w", encoding="utf-8") as file:
            json.dump(facts(), file)


main()
