"""Discounts that the script's text or command line names, to be held against those that were fitted."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

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
    """set; default (of a parameter, which a caller may overrule); keyword (of a call, of whatever function); running (a
    variable that its function goes on to change, such as a running product)."""


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
        found += [
            Named(one.name, one.value, Site(file, one.line, "", lines[one.line - 1].strip()), one.how)
            for one in _from_text(tree)
            if pattern.match(one.name)
        ]
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


class _Written(NamedTuple):
    """A number under a name in the text, and how it stands there (as in `Named`)."""

    name: str
    value: float
    line: int
    how: str = "set"


def _from_text(tree: ast.Module) -> Iterator[_Written]:
    changed = _changed(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from _pairs(target, node.value, changed.get(id(node), frozenset()))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _defaults(node.args)
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _constant(key.value, value)


def _changed(tree: ast.Module) -> Dict[int, FrozenSet[str]]:
    """By id of an assignment in a function: the names that the function changes in place."""
    found: Dict[int, FrozenSet[str]] = {}
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = list(ast.walk(function))
            names = frozenset(name for part in inside for name in _updated(part))
            found.update((id(part), names) for part in inside if isinstance(part, (ast.Assign, ast.AnnAssign)))
    return found


def _updated(part: ast.AST) -> Iterator[str]:
    """The plain name that a statement computes anew from itself: x *= y, x = x * y."""
    if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
        yield part.target.id
    elif isinstance(part, ast.Assign):
        read = {one.id for one in ast.walk(part.value) if isinstance(one, ast.Name)}
        yield from (one.id for one in part.targets if isinstance(one, ast.Name) and one.id in read)


def _pairs(target: ast.expr, value: ast.expr, changed: FrozenSet[str]) -> Iterator[_Written]:
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one, other in zip(target.elts, value.elts):
            yield from _pairs(one, other, changed)
    elif isinstance(target, ast.Name):
        yield from _constant(target.id, value, "running" if target.id in changed else "set")
    elif isinstance(target, ast.Attribute):
        yield from _constant(target.attr, value)


def _constant(name: str, value: Optional[ast.expr], how: str = "set") -> Iterator[_Written]:
    if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        yield _Written(name, float(value.value), value.lineno, how)


def _defaults(arguments: ast.arguments) -> Iterator[_Written]:
    plain = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults):
        yield from _constant(argument.arg, default, "default")
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults):
        yield from _constant(argument.arg, given, "default")


def _call(node: ast.Call) -> Iterator[_Written]:
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
            yield from _constant(keyword.arg, keyword.value, "keyword")
