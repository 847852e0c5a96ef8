"""policy.safetensors: named float32 tensors and one JSON string, read alike by the torch trainer and the compiled core.

Dense networks: `actor.0.weight` [out, in], `actor.0.bias`, `actor.1.weight`, ..., the same for `critic`, layers counted
from 0 and the output layer last; `log_std` [A] for Box actions. A normaliser adds `observation.mean`,
`.var` and `.count`, and `reward.var`, `reward.count`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
NAME = "policy.safetensors"
KEY = "ppodoctor"


class PolicyFileError(Exception):
    """A policy file that cannot be read; says what was seen and what to do."""


def save(path: Path, tensors: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
    """Write a policy, atomically. `facts` is JSON-ready: config, spaces, network, environment."""
    from safetensors.numpy import save as to_bytes

    plain = {name: np.array(value, np.float32, order="C") for name, value in tensors.items()}
    data = to_bytes(plain, metadata={KEY: json.dumps({"format": FORMAT, **facts})})
    partial = path.with_name(f".{path.name}")
    partial.write_bytes(data)
    os.replace(partial, path)


def load(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """(tensors, facts) of a policy file. Nothing in it is executed. Raises PolicyFileError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            facts = json.loads((file.metadata() or {}).get(KEY, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except FileNotFoundError:
        raise PolicyFileError(f"there is no policy at {path}; a finished run holds one as {NAME}") from None
    except (OSError, SafetensorError, ValueError) as error:
        raise PolicyFileError(f"{path} cannot be read as a policy: {error}") from None
    if not isinstance(facts, dict):
        raise PolicyFileError(f"{path} holds tensors but no description of a policy; was it written by ppodoctor?")
    if int(facts.get("format", 0)) > FORMAT:
        raise PolicyFileError(f"{path} was written by a newer ppodoctor (format {facts['format']}, not {FORMAT})")
    return tensors, facts
