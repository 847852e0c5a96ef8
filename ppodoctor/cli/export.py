"""`ppodoctor export RUN`: a trained policy for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ppodoctor.cli.statuses import UsageError


def export(
    run: Annotated[Path, Parameter(help="A run folder of `ppodoctor train`, or its policy.safetensors.")],
    /,
    *,
    format: Annotated[  # noqa: A002 - the option's name
        Literal["onnx", "torch"], Parameter(help="onnx, or torch for a program of torch.export (.pt2).")
    ] = "onnx",
    out: Annotated[
        Path | None, Parameter(help="File to write. Without it: policy.onnx or .pt2 in the run folder.")
    ] = None,
    network: Annotated[
        str, Parameter(help="The network of your own as module:Class, where it cannot be found by its name.")
    ] = "",
) -> int:
    """Write a trained policy as ONNX or by torch.export, checked to act as the policy does before it is called done.

    The file takes observations as the environment gives them (the normaliser is inside, frozen) and gives the most
    probable action as the environment takes it, and the parameters of the action distribution to draw from.
    """
    from ppodoctor.cli.training import in_words

    with in_words():
        try:
            from ppodoctor.training.export import SUFFIX, ExportError
            from ppodoctor.training.export import export as write
            from ppodoctor.training.origin import find_named
            from ppodoctor.training.trained import load_policy
        except ModuleNotFoundError as error:
            raise UsageError(f"{error}; exporting needs torch: pip install 'ppodoctor[train,export]'") from None
        policy = load_policy(run, find_named(network) if network else None)
        target = out or (run if run.is_dir() else run.parent) / f"policy{SUFFIX[format]}"
        try:
            made = write(policy, target, format)
        except ExportError as error:
            raise UsageError(f"{error}.") from None
        except OSError as error:
            raise UsageError(f"Cannot write {target} ({error.strerror or error}). Choose another file.") from None
    print(f"{made.path}: {', '.join(made.inputs)} -> {', '.join(made.outputs)}")
    print(f"Equal to the policy on {made.rows} random observations (largest difference {made.difference:.1g}).")
    return 0
