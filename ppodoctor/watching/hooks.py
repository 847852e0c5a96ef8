"""Whether the script has hung code of its own into autograd, which an extra look at the graph would run once more."""

from __future__ import annotations

import functools
from typing import Any, Callable, List, Tuple


class Hooks:
    """Notices the registration of hooks; never calls one and never takes one off.

    Hooks on gradients (and functions written in Python) forbid an extra differentiation. Hooks on saved tensors, as
    checkpointing uses them, forbid even to look at what autograd saved: unpacking it computes the forward pass again.
    """

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._undo: List[Callable[[], None]] = []
        self.on_gradients = False
        self.on_saved = False

    def attach(self) -> None:
        """Listen to every function that registers one."""
        module = self._torch.nn.Module
        places: Tuple[Tuple[Any, Tuple[str, ...]], ...] = (
            (self._torch.Tensor, ("register_hook", "retain_grad")),
            (module, ("register_backward_hook", "register_full_backward_hook", "register_full_backward_pre_hook")),
        )
        for owner, names in places:
            for name in names:
                self._listen(owner, name, "on_gradients")
        graph = getattr(self._torch.autograd, "graph", None)
        self._listen(getattr(graph, "saved_tensors_hooks", None), "__enter__", "on_saved")

    def detach(self) -> None:
        """Give torch its own functions back."""
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def _listen(self, owner: Any, name: str, flag: str) -> None:
        original = getattr(owner, name, None)
        if original is None:
            return
        inherited = name not in vars(owner)

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            setattr(self, flag, True)
            return original(*args, **kwargs)

        setattr(owner, name, watched)
        self._undo.append((lambda: delattr(owner, name)) if inherited else (lambda: setattr(owner, name, original)))

    def forbid_reading(self, note: Callable[[str, str, str], None]) -> bool:
        """Would a look at the saved tensors run code of the script's once more? Says so in the run."""
        if self.on_saved:
            note(
                "torch",
                "the script hooks into the saving of tensors (checkpointing does): its losses are not read, since "
                "reading would compute parts of them again",
                "run once without checkpointing to see the loss term by term",
            )
        return self.on_saved

    def allow_gradient(self, nodes: List[Any]) -> bool:
        """May these nodes be differentiated once more without the script noticing?"""
        python = self._torch.autograd.function.FunctionCtx
        return not (self.on_gradients or self.on_saved or any(isinstance(node, python) for node in nodes))
