"""Spoiling the environment: a subclass or wrapper put around what the script makes."""

from __future__ import annotations

import ast
import textwrap

from .patterns import environment_calls
from .source import PlantError, Source, Spot


def wrap_environment(source: Source, body: str, needs: str = "") -> None:
    """Puts an environment with other methods in the place of the script's own.

    Args:
        source: the script, edited in place. A call of `gym.make` gets a `gym.Wrapper` around it; a class that
            the script defines itself, marked by its `step` method, gets a subclass.
        body: the methods of the spoiled environment; `super()` is the environment that the script made.
        needs: import lines that the body needs.

    Raises:
        PlantError: the script makes no environment that could be found.
    """
    body = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    needs = f"{needs}\n\n\n" if needs else ""
    try:
        calls = environment_calls(source, "make")
    except PlantError:
        _subclass(source, body, needs)
        return
    for spot in reversed(calls):
        source.swap(spot, f"SiteEnv({source.text(spot)})")
        source.insert_before(_first_statement(source, spot.file), f"{needs}class SiteEnv(gym.Wrapper):\n{body}")


def _subclass(source: Source, body: str, needs: str) -> None:
    classes = source.spots(
        lambda n: (
            isinstance(n, ast.ClassDef)
            and {"step", "reset"} <= {f.name for f in n.body if isinstance(f, ast.FunctionDef)}
        )
    )
    if len(classes) != 1:
        raise PlantError(f"expected one environment class of the script's own, found {len(classes)}")
    name = classes[0].node.name
    text = f"{needs}class {name}({name}Base):\n{body}\n"
    source.replace(f"class {name}", f"class {name}Base")
    file = classes[0].file
    source.files[file] = _append_class(source.files[file], f"{name}Base", text)
    ast.parse(source.files[file])


def _append_class(text: str, after: str, addition: str) -> str:
    """Puts a class below the one called `after`, which it inherits from."""
    node = next(n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == after)
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: node.end_lineno], "\n\n", addition, *lines[node.end_lineno :]])


def _first_statement(source: Source, file: str) -> Spot:
    """The first statement below the docstring and the imports."""
    for node in ast.parse(source.files[file]).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            return Spot(file, node)
    raise PlantError(f"{file} has nothing but imports")
