"""Checkpoints: everything that decides what comes next, in one file that is either whole or not there.

A checkpoint is a safetensors file: the arrays of a state tree as tensors, the rest of the tree as JSON beside them.
Nothing is pickled, so nothing in it can run when it is read.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ppodoctor.training.learner import first_bad

if TYPE_CHECKING:
    from ppodoctor.training.loop import Trainer, Update

FORMAT = 1
FOLDER = "checkpoints"
TREE = "tree"
"""The tensor of bytes that holds the JSON: a state of environments may be longer than a safetensors header allows."""
KEEP = 2
"""Newest checkpoints that are kept: the last one, and the one before should that be damaged."""
SHARE, LEAST_SECONDS = 0.01, 5.0
"""Saving may take this share of the time; and it is not done more often than this."""


class CheckpointError(Exception):
    """There is no checkpoint to go on from, or it cannot be read; says what was seen and what to do."""


class TrainingWarning(UserWarning):
    """Something went wrong beside the training, which goes on."""


def pack(tree: Any, tensors: dict[str, NDArray[Any]]) -> Any:
    """A tree of dicts, lists, tuples, arrays and plain values as JSON-ready data; arrays are put into `tensors`."""
    if isinstance(tree, np.ndarray):
        name = str(len(tensors))
        tensors[name] = np.array(tree, order="C")
        return {"array": name}
    if isinstance(tree, np.generic):
        return pack(tree.item(), tensors)
    if isinstance(tree, dict):
        return {"dict": [[key, pack(value, tensors)] for key, value in tree.items()]}
    if isinstance(tree, tuple):
        return {"tuple": [pack(value, tensors) for value in tree]}
    if isinstance(tree, list):
        return [pack(value, tensors) for value in tree]
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    raise TypeError(f"a state holds a {type(tree).__name__}; arrays, containers and plain values were expected")


def unpack(node: Any, tensors: dict[str, NDArray[Any]]) -> Any:
    """The tree that `pack` was given."""
    if isinstance(node, list):
        return [unpack(value, tensors) for value in node]
    if not isinstance(node, dict):
        return node
    if "array" in node:
        return tensors[node["array"]]
    if "tuple" in node:
        return tuple(unpack(value, tensors) for value in node["tuple"])
    return {key: unpack(value, tensors) for key, value in node["dict"]}


def write(path: Path, tree: dict[str, Any]) -> None:
    """Write a state tree, atomically: under its name there is the whole file, or none. Raises OSError."""
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {}
    text = json.dumps(pack(tree, tensors))
    tensors[TREE] = np.frombuffer(text.encode(), np.uint8)
    data = save(tensors, metadata={"ppodoctor": json.dumps({"checkpoint": FORMAT})})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read(path: Path) -> dict[str, Any]:
    """The state tree in a checkpoint. Raises CheckpointError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            facts = json.loads((file.metadata() or {}).get("ppodoctor", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        if "checkpoint" not in facts or TREE not in tensors:
            raise CheckpointError(f"{path} is no checkpoint of ppodoctor")
        if int(facts["checkpoint"]) > FORMAT:
            raise CheckpointError(f"{path} was written by a newer ppodoctor; install that one to go on from it")
        tree: dict[str, Any] = unpack(json.loads(tensors[TREE].tobytes()), tensors)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    return tree


def checkpoints_in(run: Path) -> list[Path]:
    """The checkpoints of a run folder, newest first."""
    return sorted((run / FOLDER).glob("update-*.safetensors"), reverse=True)


def latest(run: Path) -> tuple[Path, dict[str, Any]]:
    """The newest checkpoint of a run folder that can be read. Raises CheckpointError where there is none."""
    if not run.is_dir():
        raise CheckpointError(f"there is no run folder {run}")
    problems: list[str] = []
    for path in checkpoints_in(run):
        try:
            tree = read(path)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        for problem in problems:
            warnings.warn(f"{problem}; going on from {path.name} instead", TrainingWarning, stacklevel=2)
        return path, tree
    if any(run.glob(f"seed-*/{FOLDER}")):
        raise CheckpointError(
            f"{run} holds several seeds. To go on with those that are not finished, give the command that began them "
            f"again, with --out {run}"
        )
    seen = "; ".join(problems) or f"{run / FOLDER} holds none"
    raise CheckpointError(
        f"{run} cannot be gone on with, since it has no checkpoint: {seen}. The first one is written after "
        f"{LEAST_SECONDS:g} seconds of training, or where it is stopped; train anew."
    )


def generators() -> dict[str, Any]:
    """The state of the generators that belong to nobody: Python's, numpy's and torch's own."""
    found: dict[str, Any] = {"random": random.getstate(), "numpy": np.random.get_state(legacy=False)}  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = torch.get_rng_state().numpy().copy()
        if torch.cuda.is_initialized():
            found["cuda"] = [one.cpu().numpy().copy() for one in torch.cuda.get_rng_state_all()]
    return found


def set_generators(state: dict[str, Any]) -> None:
    """Go on from what `generators` gave."""
    random.setstate(state["random"])
    np.random.set_state(state["numpy"])  # noqa: NPY002
    if "torch" in state:
        import torch

        torch.set_rng_state(torch.as_tensor(state["torch"]))
        if "cuda" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state_all([torch.as_tensor(one) for one in state["cuda"]])


class Checkpoints:
    """Observer of a training that saves it every now and then, and at its end.

    Args:
        seconds: Between two checkpoints; 0 saves after every update. None: seldom enough to cost one percent of the
            time, at most every 5 seconds.
        keep: Newest checkpoints to keep.
    """

    def __init__(self, seconds: float | None = None, *, keep: int = KEEP) -> None:
        self.seconds, self.keep = seconds, keep
        self.skips = seconds != 0
        """See `observe`."""
        self.origin: dict[str, Any] = {}
        """What the run was started with, to make it again: environment, options, network, versions."""
        self.last: Path | None = None
        self.problem = ""
        self._folder = Path()
        self._pause = LEAST_SECONDS if seconds is None else seconds
        self._due = 0.0

    def begin(self, trainer: Trainer, folder: Path) -> None:
        """Training begins, or goes on, in this run folder. Checkpoints of later updates are damaged or not its own."""
        self._folder = folder / FOLDER
        self._due = time.perf_counter() + self._pause
        here = self._path(trainer.number)
        for path in checkpoints_in(folder):
            if path.name > here.name or not trainer.number:
                path.unlink(missing_ok=True)
        self.last = here if here.exists() else None

    def __call__(self, trainer: Trainer, update: Update) -> None:
        if time.perf_counter() >= self._due:
            self.save(trainer)

    def end(self, trainer: Trainer, status: str) -> None:
        """Training is over; what crashed in the middle of an update is not saved."""
        if status != "crashed":
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Save now, between two updates. A full disk is told once and training goes on; NaN is never saved."""
        began = time.perf_counter()
        path = self._path(trainer.number)
        if path == self.last or first_bad(trainer.learner.tensors()):
            return
        try:
            write(path, {"origin": self.origin, "trainer": trainer.state(), **surroundings(trainer)})
            self.last = path
            for old in checkpoints_in(self._folder.parent)[self.keep :]:
                old.unlink(missing_ok=True)
        except OSError as error:
            self._tell(error)
        now = time.perf_counter()
        if self.seconds is None:
            self._pause = max(LEAST_SECONDS, (now - began) / SHARE)
        self._due = now + self._pause

    def _path(self, number: int) -> Path:
        return self._folder / f"update-{number:09d}.safetensors"

    def _tell(self, error: OSError) -> None:
        problem = (
            f"the checkpoint could not be written into {self._folder} ({error.strerror or error}). Training goes on "
            f"without; the last one is {self.last.name if self.last else 'none'}. Free some space: it is tried again"
        )
        if problem != self.problem:
            self.problem = problem
            warnings.warn(problem, TrainingWarning, stacklevel=3)


def surroundings(trainer: Trainer) -> dict[str, Any]:
    """What the future depends on beside the trainer: the environments, and the generators of everybody."""
    envs = trainer.collector.envs
    state = envs.state()
    why = next((note for note in envs.notes if "cannot be continued" in note), "")
    return {"environments": state, "why_not": why, "generators": generators()}
