"""Taps on torch: backward calls, optimizers, gradient clipping. Each taps what it can and says what it could not."""

from __future__ import annotations

import functools
import importlib
from typing import Any, Callable, Dict, List, Optional, Tuple

from ppodoctor.records import OptimizerFacts, Site
from ppodoctor.watching.quiet import Quiet
from ppodoctor.watching.sites import frame_sites

_GROUP_SETTINGS = ("lr", "eps", "weight_decay", "betas", "momentum", "maximize", "alpha")

FAILURES = 20
"""Failures of one kind after which it is not tried again."""


class TorchTap:
    """Puts a listener behind torch's own functions. The listener's exceptions never reach the script.

    The listener has `before_backward(roots)`, `before_step(optimizer)`, `after_step(optimizer)`,
    `clipped(parameters, limit, norm)`, `note(tap, text, remedy)` and `quiet`: while that is on nobody tells it of
    clipping or of a step that begins, nor of so many backward calls.
    """

    def __init__(self, torch: Any, listener: Any) -> None:
        self._torch = torch
        self._listener = listener
        self._undo: List[Callable[[], None]] = []
        self._sites: Dict[int, Optional[Site]] = {}
        self._failures: Dict[str, int] = {}
        self.optimizers: List[Any] = []
        self._numbers: Dict[int, int] = {}
        self.clip_site: Optional[Site] = None

    def attach(self) -> None:
        """Attach every tap; one that cannot be attached is noted and left out."""
        for name, attach in (
            ("backward", self._attach_backward),
            ("optimizer", self._attach_optimizers),
            ("gradient clipping", self._attach_clipping),
            ("compilation", self._attach_compilation),
        ):
            try:
                attach()
            except (AttributeError, TypeError, ImportError) as error:
                self._listener.note("torch", f"could not attach to {name}: {error}", "a newer torch may be needed")

    def detach(self) -> None:
        """Give torch its own functions back."""
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def guarded(self, what: str, call: Callable[..., Any], *args: Any) -> Any:
        """Call into the watcher; a failure is said once, and what fails again and again is given up."""
        if self._failures.get(what, 0) >= FAILURES:
            return None
        try:
            return call(*args)
        except Exception as error:  # the script must go on whatever the watcher does wrong
            self._failures[what] = self._failures.get(what, 0) + 1
            text = str(error).splitlines()[0][:160] if str(error) else ""
            self._listener.note("torch", f"reading {what} failed in part: {type(error).__name__}: {text}")
            return None

    def _replace(self, owner: Any, name: str, made: Any) -> None:
        original = getattr(owner, name)
        setattr(owner, name, made)
        self._undo.append(lambda: setattr(owner, name, original))

    def _attach_backward(self) -> None:
        autograd = self._torch.autograd
        for name, position in (("backward", 0), ("grad", 0)):
            original = getattr(autograd, name)
            self._replace(autograd, name, self._watched_backward(original, name, position))

    def _watched_backward(self, original: Any, name: str, position: int) -> Any:
        keyword = "tensors" if name == "backward" else "outputs"
        # gradients of one's own are no updates, and not counted
        quiet = self._listener.quiet if name == "backward" else Quiet()

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if quiet.calls:
                quiet.calls -= 1
                return original(*args, **kwargs)
            roots = args[position] if len(args) > position else kwargs.get(keyword)
            if name == "backward" or not kwargs.get("create_graph"):
                self.guarded("the loss graph", self._listener.before_backward, _as_tuple(roots))
            return original(*args, **kwargs)

        return watched

    def _attach_optimizers(self) -> None:
        module = importlib.import_module("torch.optim.optimizer")
        optimizer_type = self._torch.optim.Optimizer
        original = optimizer_type.__init__
        tap, quiet = self, self._listener.quiet

        @functools.wraps(original)
        def __init__(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            tap.guarded("optimizers", tap.add_optimizer, optimizer)

        self._replace(optimizer_type, "__init__", __init__)
        before = module.register_optimizer_step_pre_hook(
            lambda optimizer, args, kwargs: (
                None if quiet.on else self.guarded("optimizer steps", self._listener.before_step, optimizer)
            )
        )
        after = module.register_optimizer_step_post_hook(self._listener.after_step)
        self._undo += [before.remove, after.remove]

    def add_optimizer(self, optimizer: Any) -> int:
        """Number an optimizer and remember where the script made it."""
        found = self._numbers.get(id(optimizer))
        if found is None:
            found = self._numbers[id(optimizer)] = len(self.optimizers)
            self.optimizers.append(optimizer)  # held, so that the id means this one
            self._sites[id(optimizer)] = frame_sites()[0]
            self._listener.optimizer_made()
        return found

    def site_of(self, optimizer: Any) -> Optional[Site]:
        """Where the script made this optimizer."""
        return self._sites.get(id(optimizer))

    def _attach_clipping(self) -> None:
        for owner in (self._torch.nn.utils, self._torch.nn.utils.clip_grad):
            for name in ("clip_grad_norm_", "clip_grad_value_"):
                if hasattr(owner, name):
                    self._replace(owner, name, self._watched_clip(getattr(owner, name)))

    def _watched_clip(self, original: Any) -> Any:
        if hasattr(original, "_ppodoctor"):
            return original
        tap, quiet = self, self._listener.quiet

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if quiet.on and tap.clip_site is not None:
                return original(*args, **kwargs)
            parameters: Any = args[0] if args else kwargs.get("parameters")
            if hasattr(parameters, "__next__"):
                parameters = list(parameters)  # a generator can be read once only
                args = (parameters, *args[1:]) if args else args
                kwargs = {**kwargs, "parameters": parameters} if not args else kwargs
            result = original(*args, **kwargs)
            limit = args[1] if len(args) > 1 else kwargs.get("max_norm", kwargs.get("clip_value"))
            self.guarded("gradient clipping", self._clipped, parameters, limit, result)
            return result

        watched._ppodoctor = True  # type: ignore[attr-defined]
        return watched

    def _clipped(self, parameters: Any, limit: Any, norm: Any) -> None:
        if self.clip_site is None:
            self.clip_site = frame_sites(skip=3)[0]
        self._listener.clipped(parameters, limit, norm)

    def _attach_compilation(self) -> None:
        """Compiled graphs hide operations from the trace: give torch its own layers back and say so."""
        for owner, name in ((self._torch, "compile"), (self._torch.jit, "script"), (self._torch.jit, "trace")):
            original = getattr(owner, name, None)
            if original is not None:
                self._replace(owner, name, self._watched_compile(original, name))

    def _watched_compile(self, original: Any, name: str) -> Any:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.guarded("compilation", self._listener.compiled, name)
            return original(*args, **kwargs)

        return watched

    def facts(self, number: Callable[[Any], int], steps: Dict[int, int]) -> List[OptimizerFacts]:
        """What is known of every optimizer."""
        found = []
        for index, optimizer in enumerate(self.optimizers):
            groups = []
            for group in optimizer.param_groups:
                kept = {name: _plain(group[name]) for name in _GROUP_SETTINGS if name in group}
                kept["parameters"] = [number(p) for p in group["params"]]
                groups.append(kept)
            cls = type(optimizer).__name__
            found.append(OptimizerFacts(index, cls, self._sites.get(id(optimizer)), groups, steps.get(index, 0)))
        return found


def _as_tuple(roots: Any) -> Tuple[Any, ...]:
    return tuple(roots) if isinstance(roots, (list, tuple)) else (roots,)


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return float(value) if hasattr(value, "item") else value
