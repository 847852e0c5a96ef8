"""`export`: a policy for other programs, as ONNX or by torch.export, held against the policy before it is done."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ppodoctor.training.export_module import Exported
from ppodoctor.training.policy import Policy

Format = Literal["onnx", "torch"]
SUFFIX: dict[Format, str] = {"onnx": ".onnx", "torch": ".pt2"}
ROWS = 64
"""Random observations on which an export is held against the policy."""
TOLERANCE = 1e-4
"""Largest difference of the distribution's parameters, relative to their size: products are summed in another order."""
Run = Callable[[list[Tensor], list[Tensor]], tuple[NDArray[Any], NDArray[Any], list[NDArray[Any]]]]


class ExportError(Exception):
    """The policy cannot be exported, or the export is not equal to it; says what was seen and what to do."""


@dataclass(frozen=True)
class Export:
    """An exported policy that was found equal."""

    path: Path
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    difference: float
    """Largest absolute difference of the distribution's parameters over the random observations."""
    rows: int
    """How many random observations."""


def export(policy: Policy, path: str | Path, form: Format = "onnx") -> Export:
    """Write a policy for other programs, and compare what was written with the policy.

    Inputs are observations [B, ...] as the environment gives them (each leaf of a Dict or Tuple by itself) and a
    recurrent policy's memory; outputs are the most probable action as the environment takes it, the parameters of
    the action distribution, and the memory. The normaliser is inside, frozen.

    Args:
        policy: The policy.
        path: The file to write.
        form: "onnx", or "torch" for a program of torch.export.

    Raises:
        ExportError: a package is missing, the network cannot be traced, or the file does not do what the policy does.
    """
    path = Path(path)
    module = Exported(policy).eval()
    partial = path.with_name(f".{path.stem}{SUFFIX[form]}")
    try:
        with _quiet():
            run = _onnx(module, partial, policy) if form == "onnx" else _torch(module, partial)
            difference = compare(module, policy, run)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    memory = [f"memory.{i}" for i in range(len(module.example(1)[1]))]
    return Export(
        path, (*module.names(), *memory), ("action", "parameters", *(f"{m}.next" for m in memory)), difference, ROWS
    )


def compare(module: Exported, policy: Policy, run: Run) -> float:
    """Largest difference of parameters between an export and the policy. Raises ExportError where it is too large.

    Where the policy has two actions that are equally probable to rounding, either is right; other actions are equal.
    """
    worst = 0.0
    for rows in (ROWS, 1):  # a batch size that the export has not seen while it was made
        observations, memory = module.example(rows)
        action, parameters, after = run(observations, memory)
        with torch.no_grad():
            _, wanted, memory_wanted = module(observations, memory)
        close = _difference(parameters, wanted.numpy())
        close = max([close, *(_difference(a, b.numpy()) for a, b in zip(after, memory_wanted, strict=True))])
        worst = max(worst, close)
        if close > TOLERANCE * max(1.0, float(wanted.abs().max())):
            raise ExportError(
                f"what was exported differs from the policy by {close:.3g} in the parameters of its distribution; "
                "it was not kept. Please report it, with the versions of torch and onnxruntime"
            )
        _check_actions(action, policy, (observations, wanted), module)
    return worst


def _check_actions(action: NDArray[Any], policy: Policy, given: tuple[list[Tensor], Tensor], module: Exported) -> None:
    """Hold actions against those of `Policy`, which neither this module nor its graph has made."""
    from ppodoctor.training.envs.actions import sender

    observations, parameters = given
    tree = _tree(policy.observation_space, iter(one.numpy() for one in observations))
    fresh = replace(policy, _actors={})
    squashed = policy.action.kind == "squashed"
    wanted = sender(policy.action_space, squash=squashed)(fresh.actions(tree, deterministic=True))
    same = np.isclose(action, wanted, rtol=1e-3, atol=1e-3).reshape(len(wanted), -1).all(axis=1)
    if not policy.action.continuous:
        same |= _tied(parameters.numpy(), policy.action.sizes)
    if not same.all():
        row = int(np.flatnonzero(~same)[0])
        raise ExportError(
            f"what was exported acts otherwise than the policy: {action[row]} in place of {wanted[row]}; it was not "
            "kept. Please report it"
        )


def _tied(parameters: NDArray[Any], sizes: tuple[int, ...]) -> NDArray[np.bool_]:
    """[B] rows in which the two most probable choices of any dimension are equally probable to rounding."""
    tied = np.zeros(len(parameters), np.bool_)
    for end, size in zip(np.cumsum(sizes), sizes, strict=True):
        part = np.sort(parameters[:, end - size : end], axis=1)
        gap = part[:, -1] - part[:, -2] if size > 1 else np.abs(part[:, 0])
        tied |= gap < TOLERANCE * np.maximum(1.0, np.abs(part[:, -1]))
    return tied


def _onnx(module: Exported, path: Path, policy: Policy) -> Run:
    """Write ONNX, and read it back by onnxruntime."""
    try:
        import onnx
        import onnxruntime  # type: ignore[import-untyped,unused-ignore]
        import onnxscript  # noqa: F401 - torch.onnx needs it
    except ImportError as error:
        raise ExportError(f"ONNX needs {error.name}, which is not installed: pip install 'ppodoctor[export]'") from None
    memory = module.example(1)[1]
    kept = [f"memory.{i}" for i in range(len(memory))]
    inputs, outputs = [*module.names(), *kept], ["action", "parameters", *(f"{name}.next" for name in kept)]
    program = _traced(module)
    try:
        torch.onnx.export(
            program, (), path, input_names=inputs, output_names=outputs, external_data=False, verbose=False
        )
    except Exception as error:
        raise ExportError(f"torch cannot write this network as ONNX: {_first_line(error)}") from error
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {"ppodoctor": json.dumps(policy.facts)})
    onnx.save(model, str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(observations: list[Tensor], memory: list[Tensor]) -> tuple[NDArray[Any], NDArray[Any], list[NDArray[Any]]]:
        arrays = [one.numpy() for one in (*observations, *memory)]
        action, parameters, *after = session.run(None, dict(zip(inputs, arrays, strict=True)))
        return action, parameters, after

    return run


def _torch(module: Exported, path: Path) -> Run:
    """Write a program of torch.export, and read it back."""
    torch.export.save(_traced(module), path)
    loaded = torch.export.load(path).module()

    def run(observations: list[Tensor], memory: list[Tensor]) -> tuple[NDArray[Any], NDArray[Any], list[NDArray[Any]]]:
        with torch.no_grad():
            action, parameters, after = loaded(observations, memory)
        return action.numpy(), parameters.numpy(), [one.numpy() for one in after]

    return run


def _traced(module: Exported) -> Any:
    """The graph, for any number of observations at once."""
    observations, memory = module.example(3)
    rows = torch.export.Dim("batch")
    shapes = ([{0: rows} for _ in observations], [{1: rows} for _ in memory])
    try:
        with torch.no_grad():
            return torch.export.export(module, (observations, memory), dynamic_shapes=shapes)
    except Exception as error:
        raise ExportError(
            f"torch cannot trace this network: {_first_line(error)}. A forward() that does not branch on "
            "values can be traced"
        ) from error


def _tree(space: Any, leaves: Iterator[Any]) -> Any:
    parts = getattr(space, "spaces", None)
    if isinstance(parts, dict):
        return {key: _tree(part, leaves) for key, part in parts.items()}
    return next(leaves) if parts is None else tuple(_tree(part, leaves) for part in parts)


def _difference(left: NDArray[Any], right: NDArray[Any]) -> float:
    if left.shape != right.shape:
        raise ExportError(f"what was exported gives {left.shape} where the policy gives {right.shape}; it was not kept")
    return float(np.abs(left - right).max(initial=0.0))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters tell of their own progress and of torch's insides; what matters is said by the comparison."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
