"""Gives keyword arguments to a library's trainer in a script that has no flags for them.

What the script itself writes into the call is replaced, what it leaves out is added. An argument that the trainer does
not take ends the script with a sentence; which were taken is noted in a file, one name a line.
"""

from __future__ import annotations

import functools
import inspect

import ppodoctor_imports  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

WORDS = {"true": True, "false": False, "none": None}
CALLS = ("__init__", "learn")
"""The calls of a trainer that take settings: how it is made, how long it learns."""
LAYERS = "net_arch"
"""Layer sizes, which such trainers take in a dictionary."""


class Keywords:
    """The arguments to be given, and where they went."""

    def __init__(self, values: dict[str, Any], taken: str) -> None:
        self.values = {name: _typed(name, value) for name, value in values.items()}
        self.taken = taken

    def into(self, trainer: type) -> None:
        """Change a class of trainers; what it cannot take is refused when one is made."""
        known = {call: inspect.signature(getattr(trainer, call)).parameters for call in CALLS}
        layers = {LAYERS} if "policy_kwargs" in known["__init__"] else set()
        strange = [
            name for name in self.values if not any(name in known[call] for call in CALLS) and name not in layers
        ]
        for call in CALLS:
            values = {name: self.values[name] for name in self.values if name in known[call] or name in layers}
            setattr(trainer, call, self.changed(getattr(trainer, call), values, strange, trainer.__name__))

    def changed(self, call: Callable[..., Any], values: dict[str, Any], strange: list[str], trainer: str) -> Any:
        """A method that is called with these values whatever it is given."""
        signature = inspect.signature(call)

        @functools.wraps(call)
        def with_values(*arguments: Any, **named: Any) -> Any:
            if strange:
                raise TypeError(_refusal(trainer, strange[0], list(signature.parameters)[1:]))
            bound = signature.bind_partial(*arguments, **named)
            for name, value in values.items():
                if name in signature.parameters:
                    bound.arguments[name] = value
                elif "policy_kwargs" in signature.parameters:
                    bound.arguments["policy_kwargs"] = {**(bound.arguments.get("policy_kwargs") or {}), name: value}
                else:
                    continue
                self.note(name)
            return call(*bound.args, **bound.kwargs)

        return with_values

    def note(self, name: str) -> None:
        """This one has been given."""
        with open(self.taken, "a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def _typed(name: str, value: Any) -> Any:
    if name == LAYERS and isinstance(value, (str, int)):
        return [int(part) for part in str(value).split("x")]
    return WORDS.get(value.lower(), value) if isinstance(value, str) else value


def _refusal(trainer: str, name: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{trainer} takes no argument {name}" + (f"; did you mean {near[0]}?" if near else "")


def start(values: dict[str, Any], trainers: list[tuple[str, str]], taken: str) -> None:
    """Give the values to trainers as they are imported, each named by its module and class."""
    keywords = Keywords(values, taken)

    def change(name: str) -> Callable[[ModuleType], None]:
        return lambda module: keywords.into(getattr(module, name))

    ppodoctor_imports.change_when_loaded({module: change(name) for module, name in trainers})
