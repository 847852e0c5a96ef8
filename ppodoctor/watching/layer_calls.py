"""What went into a network's first layers and came out of its heads, call by call, while a specimen rollout is kept."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.specimens import ModuleCalls
from ppodoctor.watching.arrays import MAX_WIDTH, as_numpy

_KINDS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell")
BYTES = 48 * 1024 * 1024
"""Budget for the calls kept between two updates."""
ENTRY = 8
"""Things in the log for each call."""
MAX_HEAD = 256
"""Outputs wider than this are not a policy's or a critic's head."""


class LayerCalls:
    """Wraps the forward of torch's layer classes while `recording` is set; else the classes are as torch made them."""

    def __init__(
        self,
        torch: Any,
        where: Callable[[], Tuple[int, int]],
        version: Callable[[], int],
        note: Callable[[str, str, str], None] = lambda *_: None,
    ) -> None:
        self._torch = torch
        self._note = note
        self._where = where
        self._version = version
        self._wrappers: List[Tuple[Any, Any, Any]] = []
        """(class, its own forward, ours)"""
        self._attached = False
        self._recording = False
        self._log: List[Any] = []
        """Entries of `ENTRY` things each, one after the other: tuples that stay would call Python's collector."""
        self.acted = 0
        """Calls since the last drain that were made without a gradient, or for one row."""
        self._spent = 0
        self._first: Optional[set[int]] = None
        self._heads: Optional[set[int]] = None
        self._idle: set[int] = set()
        """ids of kept modules that are neither: their calls pass."""
        self._wants: Dict[int, Tuple[int, bool, bool]] = {}
        """id of a kept module -> its number, whether its inputs are kept, whether its outputs are."""
        self._last: Tuple[Any, Any, Any] = (None, None, None)
        """The input copied last, when that was, and the copy: networks that stand side by side share it."""
        self._numbers: Dict[int, int] = {}
        self._kept: List[Any] = []
        self._with_grad = torch.is_grad_enabled
        self._mapped = getattr(getattr(torch._C, "_functorch", None), "peek_interpreter_stack", _nothing)
        """Says what transformation (`torch.vmap`) is running, None when there is none."""

    def attach(self) -> None:
        """From now on `recording` has an effect."""
        self._attached = True

    def detach(self) -> None:
        """Give the classes their own forward back for good."""
        self.recording = False
        self._attached = False

    @property
    def recording(self) -> bool:
        """Are calls recorded now?"""
        return self._recording

    @recording.setter
    def recording(self, on: bool) -> None:
        if on == self._recording or (on and not self._attached):
            return
        self._recording = on
        if on:
            kinds = [getattr(self._torch.nn, name) for name in _KINDS if hasattr(self._torch.nn, name)]
            self._wrappers = [(kind, kind.forward, self._wrap(kind.forward)) for kind in kinds]
            for kind, _, ours in self._wrappers:
                kind.forward = ours
            return
        for kind, forward, ours in self._wrappers:
            if kind.__dict__.get("forward") is ours:  # else the script has put its own around ours meanwhile
                kind.forward = forward

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
        self._wants.clear()
        self._idle.clear()
        self._idle.update(id(one) for number, one in enumerate(self._kept) if number not in first | heads)

    def _wrap(self, forward: Any) -> Any:
        unseen = self._torch._C.DisableTorchFunction  # the script's own function modes must not meet our operations
        idle = self._idle

        @functools.wraps(forward)
        def watched(module: Any, *args: Any, **kwargs: Any) -> Any:
            output = forward(module, *args, **kwargs)
            if self._recording and id(module) not in idle:
                try:
                    with unseen():
                        self._record(module, args[0] if args else next(iter(kwargs.values()), None), output)
                except Exception as error:  # the script must go on whatever kind of tensor this is
                    self._failed(module, error)
            return output

        return watched

    def _failed(self, module: Any, error: Exception) -> None:
        self.recording = False
        text = f"calls of {type(module).__name__} could not be recorded ({type(error).__name__}: {error})"
        self._note("layers", text, "")

    def _wanted(self, module: Any) -> Tuple[int, bool, bool]:
        number = self.number(module)
        found = self._first is None or number in self._first, self._heads is None or number in self._heads
        self._wants[id(module)] = (number, *found)
        return self._wants[id(module)]

    def _record(self, module: Any, data: Any, output: Any) -> None:
        if self._spent > BYTES:
            self.recording = False
            self._note(
                "layers",
                f"what went through the networks in a rollout took more than {BYTES >> 20} MiB: the rest was not kept",
                "",
            )
            return
        self.acted += not self._with_grad() or (hasattr(data, "shape") and data.shape[:1] == (1,))
        number, wants_input, wants_output = self._wants.get(id(module)) or self._wanted(module)
        if isinstance(output, tuple):
            output = output[0]
        if not (wants_input or wants_output) or not hasattr(data, "detach"):
            return
        if self._mapped():
            data, output = self._whole(data), self._whole(output)
        stream, step = self._where()
        kept_in = kept_out = None
        if wants_input and not data.requires_grad:
            kept_in = self._input(data, (stream, step))
            self._spent += kept_in.nbytes
        if wants_output and 0 < output.dim() < 4 and output.shape[-1] <= MAX_HEAD:
            kept_out = _copy(output)
            self._spent += kept_out.nbytes
        self._log += (number, step, stream, self._version(), self._with_grad(), module.training, kept_in, kept_out)

    def _input(self, data: Any, when: Tuple[int, int]) -> Any:
        """A copy; the same one where the same tensor goes into the next network before the next environment step."""
        if data.is_inference():
            return _input(data)
        now = (when, data._version)
        if self._last[0] is not data or self._last[1] != now:
            self._last = (data, now, _input(data))
        return self._last[2]

    def _whole(self, value: Any) -> Any:
        """Under `torch.vmap` a tensor stands for one slice; the whole of it, the mapped dimension first."""
        functorch = self._torch._C._functorch
        while functorch.is_batchedtensor(value):
            value = functorch.get_unwrapped(value).movedim(functorch.maybe_get_bdim(value), 0)
        return value

    def drain(self) -> List[Any]:
        """What was recorded since the last drain, raw."""
        log, self._log, self._spent, self.acted = self._log, [], 0, 0
        self._last = (None, None, None)
        return log

    def assemble(self, log: List[Any], first: set[int], heads: set[int]) -> List[ModuleCalls]:
        """A drained log by module; only modules named in `first` or `heads` are kept."""
        by_module: Dict[int, List[Tuple[Any, ...]]] = {}
        for order, entry in enumerate(zip(*[iter(log)] * ENTRY)):
            if entry[0] in first or entry[0] in heads:
                by_module.setdefault(entry[0], []).append((order, *entry))
        return [self._assemble(number, rows, number in first, number in heads) for number, rows in by_module.items()]

    def _assemble(self, number: int, rows: List[Tuple[Any, ...]], first: bool, head: bool) -> ModuleCalls:
        chosen = [row for row in rows if (first and row[7] is not None) or (head and row[8] is not None)]
        order, _, step, stream, version, grad, training, inputs, outputs = zip(*chosen) if chosen else [()] * 9
        lead = inputs if first and inputs and inputs[0] is not None else outputs
        return ModuleCalls(
            module=number,
            cls=type(self._kept[number]).__name__,
            role="first" if first and not head else "head" if head and not first else "",
            order=np.array(order, np.int64),
            step=np.array(step, np.int64),
            stream=np.array(stream, np.int64),
            version=np.array(version, np.int64),
            grad=np.array(grad, bool),
            training=np.array(training, bool),
            rows=np.array([0 if one is None else one.shape[0] for one in lead], np.int64),
            inputs=self._concatenated(inputs) if first else None,
            outputs=self._concatenated(outputs) if head else None,
        )

    def _concatenated(self, parts: Sequence[Any]) -> Optional[Any]:
        """[rows, width] of all calls, or None when a call lacks its array or they differ in width or type."""
        if not parts or any(part is None for part in parts):
            return None
        if len({(part.shape[1], part.dtype, type(part)) for part in parts}) != 1:
            return None
        return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else as_numpy(self._torch.cat(parts))


def _input(data: Any) -> Any:
    """A thinned copy: the script's own array may lie behind the tensor and change later."""
    if data.dim() > 3:
        data = data.reshape(data.shape[0], -1)
    stride = -(-data.shape[-1] // MAX_WIDTH) if data.dim() else 1
    return _copy(data[..., ::stride] if stride > 1 else data)


def _copy(value: Any) -> Any:
    """[rows, width] without its gradient, copied where it is; on the host as an array: the collector passes it by."""
    if not value.is_cpu:
        return _rows(value.detach()).clone()
    return _rows(as_numpy(value)).copy()


def _rows(value: Any) -> Any:
    shape = value.shape
    return value if len(shape) == 2 else value.reshape(-1, shape[-1]) if len(shape) > 1 else value.reshape(1, -1)


def _nothing() -> None:
    return None
