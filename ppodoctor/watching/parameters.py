"""Every trainable tensor and module the process has, by identity, with the names their owners give them."""

from __future__ import annotations

import gc
import weakref
from typing import Any, Dict, List, Optional, Tuple

from ppodoctor.records import ParameterFacts


class Parameters:
    """Numbers parameters in the order they are met and finds out their names."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._index: Dict[int, int] = {}
        self._tensors: List[Any] = []
        self._modules: Dict[int, Any] = {}
        """id -> weak reference. Modules are not put in a set: a class of the script's may compare as it likes."""
        self._existing: Dict[int, Any] = {}
        """The same for those made before; they count once a parameter of theirs is met."""
        self._original: Any = None
        self.owners: Dict[int, List[int]] = {}
        """Parameter index -> optimizers that step it."""

    def attach(self) -> None:
        """Remember every module from now on."""
        module_type, remembered = self._torch.nn.Module, self._modules
        original = self._original = module_type.__init__

        def __init__(module: Any, *args: Any, **kwargs: Any) -> None:
            original(module, *args, **kwargs)
            _remember(remembered, module)

        __init__.__wrapped__ = original  # type: ignore[attr-defined]
        module_type.__init__ = __init__

    def find_existing(self) -> None:
        """Look through the heap for modules made before the watch began (notebooks)."""
        module_type = self._torch.nn.Module
        for thing in gc.get_objects():
            if issubclass(
                type(thing), module_type
            ):  # isinstance would ask objects for a class they may pretend to have
                _remember(self._existing, thing)

    def detach(self) -> None:
        """Give torch its own constructor back."""
        if self._original is not None:
            self._torch.nn.Module.__init__ = self._original
            self._original = None

    def number(self, tensor: Any) -> int:
        """Index of a parameter, stable within the run."""
        found = self._index.get(id(tensor))
        if found is None:
            found = self._index[id(tensor)] = len(self._tensors)
            self._tensors.append(tensor)
        return found

    def tensor(self, index: int) -> Any:
        """The parameter of an index."""
        return self._tensors[index]

    def modules(self) -> List[Any]:
        """All modules that are alive, those that contain most first."""
        alive = _alive(self._modules)
        alive += [m for m in _alive(self._existing) if any(id(p) in self._index for p in m.parameters())]
        return sorted(alive, key=lambda m: -sum(1 for _ in m.modules()))

    def names(self) -> Dict[int, Tuple[str, str]]:
        """id(tensor) -> (name in the largest module that holds it, class of its direct owner)."""
        found: Dict[int, Tuple[str, str]] = {}
        for module in self.modules():
            for prefix, owner in module.named_modules():
                for name, tensor in owner._parameters.items():
                    if tensor is not None and id(tensor) not in found:
                        found[id(tensor)] = (f"{prefix}.{name}" if prefix else name, type(owner).__name__)
        return found

    def facts(self, roles: Dict[int, str], moved: Dict[int, bool], seen: set[int]) -> List[ParameterFacts]:
        """What is known of every parameter; those of live modules that were never met are added at the end."""
        names = self.names()
        for module in self.modules():
            for tensor in module._parameters.values():
                if tensor is not None:
                    self.number(tensor)
        return [self._describe(i, tensor, (names, roles, moved, seen)) for i, tensor in enumerate(self._tensors)]

    def _describe(self, i: int, tensor: Any, known: Tuple[Any, ...]) -> ParameterFacts:
        names, roles, moved, seen = known
        name, module = names.get(id(tensor), (f"param{i}", ""))
        return ParameterFacts(
            index=i,
            name=name,
            module=module,
            shape=tuple(int(n) for n in tensor.shape),
            requires_grad=bool(tensor.requires_grad),
            optimizers=tuple(self.owners.get(i, ())),
            role=roles.get(i, ""),
            grad_seen=i in seen,
            moved=moved.get(i),
        )


def _remember(known: Dict[int, Any], module: Any) -> None:
    key = id(module)
    known[key] = weakref.ref(module, lambda _: known.pop(key, None))


def _alive(known: Dict[int, Any]) -> List[Any]:
    found = [reference() for reference in list(known.values())]
    return [module for module in found if module is not None and "_parameters" in module.__dict__]


def module_kinds(modules: List[Any]) -> Dict[str, Optional[int]]:
    """Counts of the kinds that behave differently while training: dropout, batch normalisation, recurrence."""
    counts: Dict[str, Optional[int]] = {}
    for module in modules:
        name = type(module).__name__
        if "Dropout" in name or "BatchNorm" in name or name in ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell"):
            counts[name] = (counts.get(name) or 0) + 1
    return counts
