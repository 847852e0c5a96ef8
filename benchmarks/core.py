"""How fast is the compiled core, alone and as `ppodoctor train` runs it, and how fast are others beside it?

    python benchmarks/core.py [--quick] [--json PATH] [--jax-python PYTHON] [--purejaxrl FOLDER] [--only PARTS]

Workload: CartPole-v1, 128 steps, 4 minibatches x 4 epochs, two separate 64-64 tanh networks, clip 0.2 with value
clipping, gradient norm 0.5, learning rate 2.5e-4 annealed; one thread. The bound is the arithmetic of forward and
backward passes alone (227 kflop per environment step) at the speed at which numpy's and torch's matrix products of the
same shapes run here, whichever is faster, measured in turn with the core. Peers run in turn, each in a process of its
own on the same one processor, imports and compiling not counted; medians over repeats with other seeds.

JAX peers want an interpreter that has them (`python -m venv jaxvenv; jaxvenv/bin/pip install "jax[cpu]" rejax==0.1.3
gymnax==0.0.9 distrax`), PureJaxRL a checkout of github.com/luchris429/purejaxrl; without them their rows are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

from native.beside import Others, beside_others, beside_sb3
from native.bound import against_the_bound, core_speed
from native.cold import interrupted, solved
from native.cost import members, sweep, telemetry, with_gymnasium
from native.curves import learning
from native.settings import XLA_FLAGS

from ppodoctor.core import _core

PACKAGES = ("numpy", "torch", "stable-baselines3", "gymnasium")


def facts() -> dict[str, Any]:
    """Where and with what this was measured."""
    found: dict[str, Any] = {
        "instruction_set": _core.instruction_set(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "xla_flags": XLA_FLAGS,
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    print(", ".join(f"{name} {value}" for name, value in found.items()))
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def instruction_sets(quick: bool) -> dict[str, float]:
    """The bare core at 8 environments by each instruction set that this machine runs."""
    found = {}
    for isa in _core.instruction_sets():
        _core.use(isa)
        found[isa] = statistics.median(core_speed(8, 100_000) for _ in range(1 if quick else 3))
        print(f"{isa}: {found[isa]:,.0f} steps/s in the core at 8 environments")
    _core.use(_core.instruction_sets()[0])
    return found


def parts(given: argparse.Namespace) -> dict[str, Callable[[], Any]]:
    """Every part under its name, in order."""
    quick, others = given.quick, Others(given.jax_python, given.purejaxrl)
    found: dict[str, Callable[[], Any]] = {
        "bound": lambda: against_the_bound(quick),
        "isa": lambda: instruction_sets(quick),
        "beside": lambda: beside_others(others, quick),
        "tasks": lambda: beside_sb3(quick),
        "solved": lambda: solved(3 if quick else 20),
        "interrupted": lambda: interrupted(1 if quick else 5),
        "telemetry": lambda: telemetry(quick),
        "sweep": lambda: sweep(quick),
        "members": lambda: members(quick),
        "gymnasium": lambda: with_gymnasium(quick),
    }
    if not quick:
        found["learning"] = lambda: learning(20)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a minute, JAX's compiling apart")
    parser.add_argument("--json", help="write the figures there")
    parser.add_argument("--jax-python", default="", help="an interpreter that has rejax, gymnax and distrax")
    parser.add_argument("--purejaxrl", default="", help="a checkout of PureJaxRL")
    parser.add_argument("--only", default="", help="parts to run, with commas; without it all of them")
    given = parser.parse_args()
    every = parts(given)
    wanted = given.only.split(",") if given.only else list(every)
    if set(wanted) - set(every):
        sys.exit(f"--only {given.only}: the parts are {', '.join(every)}")
    figures: dict[str, Any] = {"facts": facts()}
    for name in wanted:
        print(f"\n{name}", flush=True)
        figures[name] = every[name]()
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
