"""What went into a network's first layers and came out of its heads, call by call, while a specimen rollout is kept."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ppodoctor.specimens import ModuleCalls
from ppodoctor.watching.arrays import MAX_WIDTH, to_numpy

_KINDS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")
BYTES = 48 * 1024 * 1024
"""Budget for the calls kept between two updates."""
MAX_HEAD = 256
"""Outputs wider than this are not a policy's or a critic's head."""


class LayerCalls:
    """Wraps the forward of torch's layer classes; records only while `recording` is set."""

    def __init__(self, torch: Any, where: Callable[[], Tuple[int, int]], version: Callable[[], int]) -> None:
        self._torch = torch
        self._where = where
        self._version = version
        self._originals: Dict[Any, Any] = {}
        self._log: List[Tuple[Any, ...]] = []
        self._spent = 0
        self._first: Optional[set[int]] = None
        self._heads: Optional[set[int]] = None
        self._numbers: Dict[int, int] = {}
        self._kept: List[Any] = []
        self.recording = False
        self.full = False

    def attach(self) -> None:
        """Wrap the classes."""
        for name in _KINDS:
            kind = getattr(self._torch.nn, name, None)
            if kind is not None and kind not in self._originals:
                self._originals[kind] = kind.forward
                kind.forward = self._wrap(kind.forward)

    def detach(self) -> None:
        """Give the classes their own forward back."""
        for kind, forward in self._originals.items():
            kind.forward = forward
        self._originals.clear()
        self.recording = False

    def number(self, module: Any) -> int:
        """A small identity for a module, stable within the run."""
        found = self._numbers.get(id(module))
        if found is None:
            found = self._numbers[id(module)] = len(self._kept)
            self._kept.append(module)  # keeps the id from being used again
        return found

    def module_of(self, weight: Any) -> int:
        """Identity of the recorded module that owns `weight`, or -1."""
        for module in self._kept:
            if any(own is weight for own in module._parameters.values()):
                return self._numbers[id(module)]
        return -1

    def narrow(self, first: set[int], heads: set[int]) -> None:
        """From now on keep only inputs of `first` and outputs of `heads` (module identities)."""
        self._first, self._heads = first, heads

    def _wrap(self, forward: Any) -> Any:
        unseen = self._torch._C.DisableTorchFunction  # the script's own function modes must not meet our operations

        @functools.wraps(forward)
        def watched(module: Any, *args: Any, **kwargs: Any) -> Any:
            output = forward(module, *args, **kwargs)
            if self.recording:
                with unseen():
                    self._record(module, args[0] if args else next(iter(kwargs.values()), None), output)
            return output

        return watched

    def _record(self, module: Any, data: Any, output: Any) -> None:
        if self._spent > BYTES:
            self.full = True
            return
        number = self.number(module)
        if isinstance(output, tuple):
            output = output[0]
        wants_input = self._first is None or number in self._first
        wants_output = self._heads is None or number in self._heads
        if not (wants_input or wants_output) or not hasattr(data, "detach"):
            return
        stream, step = self._where()
        kept_in = self._input(data) if wants_input and not data.requires_grad else None
        kept_out = output.detach() if wants_output and output.shape[-1] <= MAX_HEAD and output.dim() < 4 else None
        self._spent += 4 * (
            (kept_in.numel() if kept_in is not None else 0) + (kept_out.numel() if kept_out is not None else 0)
        )
        self._log.append(
            (number, step, stream, self._version(), self._torch.is_grad_enabled(), module.training, kept_in, kept_out)
        )

    def _input(self, data: Any) -> Any:
        """A thinned copy: the script's own array may lie behind the tensor and change later."""
        flat = data.detach()
        if flat.dim() < 2:
            flat = flat.reshape(1, -1)
        elif flat.dim() > 3:
            flat = flat.reshape(flat.shape[0], -1)
        stride = -(-flat.shape[-1] // MAX_WIDTH)
        return flat[..., ::stride].clone() if stride > 1 else flat.clone()

    def drain(self) -> List[Tuple[Any, ...]]:
        """What was recorded since the last drain, raw."""
        log, self._log, self._spent, self.full = self._log, [], 0, False
        return log

    def assemble(self, log: List[Tuple[Any, ...]], first: set[int], heads: set[int]) -> List[ModuleCalls]:
        """A drained log by module; only modules named in `first` or `heads` are kept."""
        by_module: Dict[int, List[Tuple[Any, ...]]] = {}
        for order, entry in enumerate(log):
            if entry[0] in first or entry[0] in heads:
                by_module.setdefault(entry[0], []).append((order, *entry))
        return [self._assemble(number, rows, number in first, number in heads) for number, rows in by_module.items()]

    def _assemble(self, number: int, rows: List[Tuple[Any, ...]], first: bool, head: bool) -> ModuleCalls:
        inputs = [to_numpy(_flat(r[7])) if first and r[7] is not None else None for r in rows]
        outputs = [to_numpy(_flat(r[8])) if head and r[8] is not None else None for r in rows]
        chosen = [k for k in range(len(rows)) if inputs[k] is not None or outputs[k] is not None]
        counts = [len(inputs[k]) if inputs[k] is not None else len(outputs[k]) for k in chosen]  # type: ignore[arg-type]
        return ModuleCalls(
            module=number,
            cls=type(self._kept[number]).__name__,
            role="first" if first and not head else "head" if head and not first else "",
            order=np.array([rows[k][0] for k in chosen], np.int64),
            step=np.array([rows[k][2] for k in chosen], np.int64),
            stream=np.array([rows[k][3] for k in chosen], np.int64),
            version=np.array([rows[k][4] for k in chosen], np.int64),
            grad=np.array([rows[k][5] for k in chosen], bool),
            training=np.array([rows[k][6] for k in chosen], bool),
            rows=np.array(counts, np.int64),
            inputs=_concatenated([inputs[k] for k in chosen]) if first else None,
            outputs=_concatenated([outputs[k] for k in chosen]) if head else None,
        )


def _flat(value: Any) -> Any:
    return value.reshape(-1, value.shape[-1]) if value.dim() != 1 else value.reshape(1, -1)


def _concatenated(parts: List[Any]) -> Optional[Any]:
    """[rows, width] of all calls, or None when a call lacks its array or widths differ."""
    if not parts or any(part is None for part in parts) or len({part.shape[1] for part in parts}) != 1:
        return None
    return np.concatenate(parts)
