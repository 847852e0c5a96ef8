"""The law of watching: a watched script computes what it computes without, bit for bit, and says what it says.

Each script runs twice under `law/runner.py`, which writes down the last weights, gradients and optimizer states, the
states of the random generators and the actions sent to the environments.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ppodoctor.run import Run

ROOT = Path(__file__).resolve().parents[2]
LAW = Path(__file__).resolve().parent / "law"
# What differs between two runs of the same script anyway.
TIMINGS = re.compile(r"\d+ steps/s|\d+\.\d+ s\b|(?<=fps)[ |]+\d+|(?<=time_elapsed)[ |]+\d+")

DRIVER = """
import sys
from pathlib import Path
from ppodoctor.watching.launch import Limits, launch
outcome = launch(sys.argv[2:], Path(sys.argv[1]), Limits())
assert outcome.signal is None and not outcome.notes, outcome
sys.exit(outcome.exit_status)
"""

EXAMPLES = {
    "broken_cartpole": ["--total-steps", "1024", "--n-steps", "256"],
    "cartpole_vector": ["--total-steps", "3072"],
    "own_softmax": ["--total-steps", "2048"],
    "reach_functional": ["--total-steps", "2048"],
    "recurrent_gru": ["--total-steps", "1024"],
    "sb3_cartpole": ["--total-steps", "2048"],
    "two_optimizers": ["--total-steps", "4000"],
    "vector_continuous": ["--total-steps", "4096"],
}


@dataclass
class Ran:
    """How a run of a script ended, and what it computed."""

    status: int
    out: str
    err: str
    facts: dict


def run(script: Path, arguments: list[str], folder: Path, *, watched: bool) -> Ran:
    """Run a script under the runner, with or without the watch."""
    facts = folder / f"{'watched' if watched else 'bare'}.json"
    command = [sys.executable, str(LAW / "runner.py"), str(facts), str(script), *arguments]
    if watched:
        command = [sys.executable, "-c", DRIVER, str(folder / "run"), *command]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONPATH": ""}
    if watched:
        environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert facts.exists(), done.stderr
    out, err = (TIMINGS.sub("-", text) for text in (done.stdout, done.stderr))
    return Ran(done.returncode, out, err, json.loads(facts.read_text()))


def compare(script: Path, arguments: list[str], folder: Path) -> Run:
    """Assert that the watch changes nothing; returns what it recorded."""
    bare, watched = (run(script, arguments, folder, watched=flag) for flag in (False, True))
    assert bare.facts["steps"] > 0
    for name in bare.facts:
        assert watched.facts[name] == bare.facts[name], f"{name} differs under the watch"
    assert watched.out == bare.out
    assert watched.err == bare.err
    assert watched.status == bare.status
    return Run.load(folder / "run")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_computes_the_same(name, tmp_path):
    if name.startswith("sb3"):
        pytest.importorskip("stable_baselines3")
    recorded = compare(ROOT / "examples" / f"{name}.py", EXAMPLES[name], tmp_path)
    assert len(recorded.updates) >= 2
    assert recorded.minibatches, "nothing was read, so the test shows nothing"
    assert recorded.rollouts


def test_unusual_numerics_stay_the_same(tmp_path):
    """float64, changes in place, dropout, batch normalisation, hooks, modes, gradients by hand."""
    recorded = compare(LAW / "numerics.py", [], tmp_path)
    assert recorded.minibatches, "nothing was read, so the test shows nothing"


def test_copies_and_compiled_networks_stay_the_same(tmp_path):
    """deepcopy, pickle, torch.save, jit.script, jit.trace, compile, fx and vmap of networks made under the watch."""
    recorded = compare(LAW / "copies.py", [], tmp_path)
    assert recorded.minibatches, "nothing was read, so the test shows nothing"


def test_a_checkpointed_network_is_not_computed_again(tmp_path):
    """To read what autograd saved would run the network once more; the run says that it was not read."""
    recorded = compare(LAW / "checkpointed.py", [], tmp_path)
    assert len(recorded.updates) == 3
    assert not recorded.minibatches
    assert any("checkpointing" in note.text for note in recorded.notes)
