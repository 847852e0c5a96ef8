"""Discounts that the script's text or command line names, to be held against those that were fitted."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from ppodoctor.records import Site
from ppodoctor.run import Run

GAMMA = re.compile(r"^(gamma|discount(_?(factor|rate))?|reward_discount|gam)$", re.I)
LAMBDA = re.compile(r"^(gae_?lam(bda)?|gae_?tau|lam(bda|da)?_?|lmbda|gae_?coef|tau)$", re.I)


@dataclass(frozen=True)
class Named:
    """A number that the script gives a name."""

    name: str
    value: float
    where: Optional[Site]
    """None for the command line."""
    how: str = "set"
    """set; default (of a parameter, which a caller may overrule); keyword (of a call, of whatever function); local (a
    variable of a function, which may be a running product)."""


def named_numbers(run: Run, pattern: re.Pattern[str]) -> Tuple[Named, ...]:
    """Numbers under names that match; the command line overrules the text."""
    given = tuple(_from_arguments(run, pattern))
    if given:
        return given
    found: List[Named] = []
    for file, text in run.source.items():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.splitlines()
        roles = _roles(tree)
        for name, value, line in _from_text(tree):
            if pattern.match(name):
                how = roles.get((name, value, line), "set")
                found.append(Named(name, value, Site(file, line, "", lines[line - 1].strip()), how))
    return tuple(found)


def _from_arguments(run: Run, pattern: re.Pattern[str]) -> Iterator[Named]:
    words = [str(word) for word in run.header.get("argv", ())]
    for word, following in zip(words, [*words[1:], ""]):
        if not word.startswith("--"):
            continue
        name, equals, text = word[2:].partition("=")
        value = _number(text if equals else following)
        if value is not None and pattern.match(name.rsplit(".", 1)[-1].replace("-", "_")):
            yield Named(name, value, None)


def _number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def _from_text(tree: ast.Module) -> Iterator[Tuple[str, float, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _pairs(node.target, node.value)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _defaults(node.args)
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _constant(key.value, value)


def _roles(tree: ast.Module) -> Dict[Tuple[str, float, int], str]:
    """Of the numbers that are no plain setting, what they are."""
    found: Dict[Tuple[str, float, int], str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.update((one, "default") for one in _defaults(node.args))
            inside = (part for part in ast.walk(node) if isinstance(part, ast.Assign))
            found.update((one, "local") for part in inside for name in part.targets for one in _pairs(name, part.value))
        elif isinstance(node, ast.Call):
            given = (one for keyword in node.keywords for one in _constant(keyword.arg or "", keyword.value))
            found.update((one, "keyword") for one in given)
    return found


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[Tuple[str, float, int]]:
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one, other in zip(target.elts, value.elts):
            yield from _pairs(one, other)
    elif isinstance(target, ast.Name):
        yield from _constant(target.id, value)
    elif isinstance(target, ast.Attribute):
        yield from _constant(target.attr, value)


def _constant(name: str, value: Optional[ast.expr]) -> Iterator[Tuple[str, float, int]]:
    if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        yield name, float(value.value), value.lineno


def _defaults(arguments: ast.arguments) -> Iterator[Tuple[str, float, int]]:
    plain = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults):
        yield from _constant(argument.arg, default)
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults):
        yield from _constant(argument.arg, given)


def _call(node: ast.Call) -> Iterator[Tuple[str, float, int]]:
    """Keywords, and options of a command line with their defaults."""
    option = next(
        (
            a.value
            for a in node.args
            if isinstance(a, ast.Constant) and isinstance(a.value, str) and a.value[:2] == "--"
        ),
        None,
    )
    for keyword in node.keywords:
        if keyword.arg == "default" and option is not None:
            yield from _constant(option[2:].replace("-", "_"), keyword.value)
        elif keyword.arg is not None:
            yield from _constant(keyword.arg, keyword.value)
