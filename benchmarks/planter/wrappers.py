"""Spoiling the environment: a wrapper or subclass put around what the script makes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from .patterns import environment_calls
from .source import PlantError, Source, Spot


@dataclass(frozen=True)
class Spoiled:
    """What a spoiled environment does differently, as expressions of `self`, `action`, `obs`, `reward`.

    Attributes:
        action: what is sent in place of `action`.
        observation: what is returned in place of `obs`, by reset and step.
        reward: what is returned in place of `reward`.
        ending: statements that change `terminated` and `truncated`; not for environments of four return values.
        start: statements of reset before it resets; they may change `kwargs`.
        imports: import lines that these need.
    """

    action: str = "action"
    observation: str = "obs"
    reward: str = "reward"
    ending: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    def methods(self, *, bare_reset: bool) -> str:
        """The class body; `bare_reset` when reset returns the observation alone."""
        lines = ["    def reset(self, **kwargs):"]
        lines += [f"        {line}" for line in self.start]
        if bare_reset:
            lines += ["        obs = super().reset(**kwargs)", f"        return {self.observation}"]
        else:
            lines += ["        obs, info = super().reset(**kwargs)", f"        return {self.observation}, info"]
        lines += ["", "    def step(self, action):"]
        if self.ending:
            lines += [f"        obs, reward, terminated, truncated, info = super().step({self.action})"]
            lines += [f"        {line}" for line in self.ending]
            lines += [f"        return {self.observation}, {self.reward}, terminated, truncated, info"]
        else:
            lines += [f"        obs, reward, *rest = super().step({self.action})"]
            lines += [f"        return ({self.observation}, {self.reward}, *rest)"]
        return "\n".join(lines) + "\n"


def spoil(source: Source, spoiled: Spoiled) -> None:
    """Makes the script train in a spoiled environment: a wrapper around `gym.make`, or a subclass of its own class.

    Raises:
        PlantError: the script makes no environment that could be found.
    """
    try:
        calls = environment_calls(source, "make")
    except PlantError:
        _subclass(source, spoiled)
        return
    for spot in reversed(calls):
        source.swap(spot, f"SiteEnv({source.text(spot)})")
    head = "".join(f"{line}\n" for line in spoiled.imports) + ("\n\n" if spoiled.imports else "")
    body = f"{head}class SiteEnv(gym.Wrapper):\n{spoiled.methods(bare_reset=False)}"
    source.insert_before(_first_statement(source, calls[0].file), body)


def environment(spoiled: Spoiled) -> Callable[[Source], None]:
    """A plant that spoils the environment; see `spoil`."""

    def plant(source: Source) -> None:
        spoil(source, spoiled)

    return plant


def _subclass(source: Source, spoiled: Spoiled) -> None:
    classes = source.spots(lambda n: isinstance(n, ast.ClassDef) and {"step", "reset"} <= _methods(n).keys())
    if len(classes) != 1:
        raise PlantError(f"expected one environment class of the script's own, found {len(classes)}")
    node, file = classes[0].node, classes[0].file
    returned = [n.value for n in ast.walk(_methods(node)["reset"]) if isinstance(n, ast.Return)]
    body = spoiled.methods(bare_reset=not isinstance(returned[0], ast.Tuple))
    source.replace(f"class {node.name}", f"class {node.name}Base")
    lines = source.files[file].splitlines(keepends=True)
    head = "".join(f"{line}\n" for line in spoiled.imports)
    addition = f"\n\n{head}class {node.name}({node.name}Base):\n{body}"
    source.files[file] = "".join([*lines[: node.end_lineno], addition, *lines[node.end_lineno :]])
    ast.parse(source.files[file])


def _methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {f.name: f for f in node.body if isinstance(f, ast.FunctionDef)}


def _first_statement(source: Source, file: str) -> Spot:
    """The first statement below the docstring and the imports."""
    for node in ast.parse(source.files[file]).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            return Spot(file, node)
    raise PlantError(f"{file} has nothing but imports")
