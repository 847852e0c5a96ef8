"""Which line of the script made which node of the graph: a torch function mode that is on for a few minibatches.

The mode calls every torch function exactly as it was called; it only remembers, per result that has a gradient
function, the script's line and the two operands (autograd does not save the constant side of a subtraction).
"""

from __future__ import annotations

import sys
from types import CodeType, FrameType, FunctionType
from typing import Any, Callable, Dict, Optional, Tuple

from ppodoctor.records import Site

MAX_OPS = 20_000
"""Operations remembered in one traced stretch; a longer one is not a PPO minibatch."""


TRACES = 12
"""Stretches of a script that are traced for their lines."""


class Entry:
    """What is known of one traced operation."""

    __slots__ = ("operands", "sites")

    def __init__(self, sites: Tuple[Optional[Site], Optional[Site]], operands: Tuple[Any, ...]) -> None:
        self.sites = sites
        self.operands = operands


class Trace:
    """Switches the mode on and off and answers `lookup(node)`. Safe to leave off for good (torch without modes)."""

    def __init__(self, torch: Any, sites: Callable[..., Tuple[Optional[Site], Optional[Site]]]) -> None:
        self._entries: Dict[Any, Entry] = {}
        self._sites = sites
        self._overrides: Any = getattr(torch, "overrides", None)
        self._mode_type = self._make_mode(torch)
        self._mode: Any = None
        self._over: list[Any] = []
        self.busy = False
        """Is a mode still on torch's stack? An attribute: it is asked for at every step of the environment."""
        self.count = 0
        self.starts = 0
        """Stretches traced so far."""
        self._calls: Dict[Tuple[CodeType, Optional[int]], Any] = {}

    @property
    def on(self) -> bool:
        """Is the mode active?"""
        return self._mode is not None

    def start(self) -> None:
        """Begin to trace; no effect while already tracing or when torch has no function modes."""
        self.leave()
        if self._mode is None and self._mode_type is not None and not self._over:
            self._entries.clear()
            self.count = 0
            self.starts += 1
            self._mode = self._mode_type()
            self._mode.__enter__()
            self.busy = True

    def stop(self) -> None:
        """Stop tracing.

        Within a traced call (loss.backward() is one) torch holds the mode off its stack until the call returns, and the
        script may have entered modes of its own above ours: then it turns inert and is left later.
        """
        mode, self._mode = self._mode, None
        if mode is not None:
            mode.live = False
            self._over.append(mode)
            self.leave()

    def leave(self) -> None:
        """Leave modes that are over, if they are on top of torch's stack now."""
        while self._over:
            stack = self._stack()
            if not stack or stack[-1] is not self._over[-1]:
                return
            self._over.pop().__exit__(None, None, None)
        self.busy = self._mode is not None

    def clear(self) -> None:
        """Drop what was remembered (it keeps tensors alive)."""
        self._entries.clear()

    def lookup(self, node: Any) -> Optional[Entry]:
        """The entry of an autograd node, or None when it was made outside of a traced stretch."""
        return self._entries.get(node)

    def remember(self, result: Any, args: Tuple[Any, ...]) -> None:
        """Store one result; called by the mode."""
        node = getattr(result, "grad_fn", None)
        if node is None or node in self._entries:
            return
        self.count += 1
        if self.count > MAX_OPS:
            self.stop()
            return
        self._entries[node] = Entry(self._sites(), args[:2])

    def caller(self, function: Any) -> Any:
        """What calls a function and its arguments as if from the line that did.

        torch's warnings name the line of the frame they meet, and Python shows each line's warnings once.
        """
        frame = _calling_frame(function)
        key = (frame.f_code, frame.f_lineno)
        found = self._calls.get(key)
        if found is None:
            first = max((frame.f_lineno or 1) - 1, 1)  # the call stands on the line after its def
            code = _call.__code__.replace(co_filename=frame.f_code.co_filename, co_firstlineno=first)
            found = self._calls[key] = FunctionType(code, frame.f_globals)
        return found

    def _stack(self) -> Any:
        return self._overrides._get_current_function_mode_stack()

    def _make_mode(self, torch: Any) -> Any:
        base = getattr(self._overrides, "TorchFunctionMode", None)
        if base is None or not hasattr(self._overrides, "_get_current_function_mode_stack"):
            return None  # before torch 2.0
        owner, tensor_type = self, torch.Tensor

        class LineMode(base):  # type: ignore[misc, valid-type]
            live = True

            def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                if not self.live:
                    return function(*args, **(kwargs or {}))
                result = owner.caller(function)(function, args, kwargs or {})
                if self.live:
                    if isinstance(result, tensor_type):
                        owner.remember(result, args)
                    elif isinstance(result, tuple):
                        for item in result:
                            if isinstance(item, tensor_type):
                                owner.remember(item, args)
                return result

        return LineMode


def _call(function: Any, args: Any, kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _calling_frame(function: Any) -> FrameType:
    """The frame that called a torch function: above that of the function itself, when it is written in Python."""
    frame = sys._getframe(3)
    own = getattr(function, "__code__", None)
    above: Optional[FrameType] = frame
    for _ in range(6 if own is not None else 0):
        if above is None:
            break
        if above.f_code is own:
            return above.f_back or frame
        above = above.f_back
    return frame
