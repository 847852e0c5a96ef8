"""Which lines of the script compute returns and advantages: by the shape of the code, whatever its names."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, Iterator, List, Optional, Tuple

from ppodoctor.records import Site
from ppodoctor.run import Run

GAMMA = re.compile(r"gamma|discount|^gam$|^g$|^df$", re.I)
LAMBDA = re.compile(r"lam|lmbda|tau|^l$", re.I)
DONE = re.compile(
    r"done|termin|trunc|mask|dead|alive|over|finish|^end|ended|episode_start|time_?out|^d$|^not_?d|go(ing|es)_on|continu",
    re.I,
)
PLAYING = ("step", "reset", "render")
"""Functions of an environment, where numbers are multiplied for other reasons."""
REWARD = re.compile(r"rew|^rs?$|^r_|_r$|^rwd", re.I)
VALUE = re.compile(r"val|critic|^vs?$|^v_|_v$|baseline|next_v", re.I)
CREDIT = re.compile(r"adv|return|ret|target|delta|gae|td_|rtg|discount|cumsum", re.I)
MOST = 3
WEAK = 2.0
"""Score below which a line that makes a flag is not taken for one that uses it."""


@dataclass(frozen=True)
class CreditLines:
    """Places in the script, the likeliest first; any may be empty."""

    bootstrap: Tuple[Site, ...] = ()
    """Where the next value is multiplied with gamma."""
    recursion: Tuple[Site, ...] = ()
    """Where the sum is carried to the row before."""
    masks: Tuple[Site, ...] = ()
    """Where a done flag enters."""
    normalisation: Tuple[Site, ...] = ()
    """Where a mean is subtracted or a standard deviation divided."""
    rewards: Tuple[Site, ...] = ()
    """Where rewards are transformed."""
    targets: Tuple[Site, ...] = ()
    """Where returns are made of advantages or values."""


@lru_cache(maxsize=16)
def credit_lines(run: Run, discount: Optional[float] = None) -> CreditLines:
    """Search every file of the script that was kept; a constant equal to `discount` counts as a discount."""
    found: Dict[str, List[Tuple[float, int, Site]]] = {}
    for file, text in run.source.items():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.splitlines()
        for statement in _statements(tree):
            for kind, score in _scores(statement, discount):
                if statement.function in PLAYING or (kind == "masks" and score < WEAK):
                    continue
                code = lines[statement.line - 1].strip() if statement.line <= len(lines) else ""
                site = Site(file, statement.line, statement.function, code)
                found.setdefault(kind, []).append((-score, len(found.get(kind, ())), site))
    chosen = {}
    for kind, sites in found.items():
        sites.sort(key=lambda one: one[:2])
        best = sites[0][0]
        chosen[kind] = tuple(site for score, _, site in sites if score <= best / 2)[:MOST]
    return CreditLines(**chosen)


@dataclass(frozen=True)
class _Statement:
    """A simple statement and where it stands."""

    node: ast.stmt
    line: int
    function: str
    backward: bool
    """Inside a loop that runs from the last row to the first."""


def _statements(tree: ast.Module) -> Iterator[_Statement]:
    yield from _walk(tree.body, "", False)


def _walk(body: List[ast.stmt], function: str, backward: bool) -> Iterator[_Statement]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _walk(node.body, node.name, False)
        elif isinstance(node, ast.ClassDef):
            yield from _walk(node.body, function, False)
        else:
            loop = backward or (isinstance(node, ast.For) and _is_backward(node.iter))
            inner = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
            inner += [handler.body for handler in getattr(node, "handlers", [])]
            if isinstance(node, ast.If):
                yield _Statement(node, node.lineno, function, loop)
            if any(inner):
                for part in inner:
                    yield from _walk(part, function, loop)
            else:
                yield _Statement(node, node.lineno, function, loop)


def _is_backward(iterated: ast.expr) -> bool:
    for node in ast.walk(iterated):
        if isinstance(node, ast.Call) and _called(node) == "reversed":
            return True
        if isinstance(node, ast.Slice) and node.step is not None and _is_negative(node.step):
            return True
        if (
            isinstance(node, ast.Call)
            and _called(node) == "range"
            and len(node.args) == 3
            and _is_negative(node.args[2])
        ):
            return True
    return False


def _is_negative(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _called(node: ast.Call) -> str:
    function = node.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _names(node: ast.AST) -> List[str]:
    """Identifiers, attributes and string keys below a node."""
    found = []
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.append(one.id)
        elif isinstance(one, ast.Attribute):
            found.append(one.attr)
        elif (
            isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant) and isinstance(one.slice.value, str)
        ):
            found.append(one.slice.value)
    return found


def _has(pattern: re.Pattern[str], names: List[str]) -> bool:
    return any(pattern.search(name) for name in names)


def _discounted(node: ast.AST, discount: Optional[float]) -> Optional[List[str]]:
    """Names in the products with a discount below a node, or None when there is no such product."""
    found: List[str] = []
    hit = False
    for one in ast.walk(node):
        if not (isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mult)):
            continue
        factors = _factors(one)
        if any(_is_discount(factor, discount) for factor in factors):
            hit = True
            found += [name for factor in factors for name in _names(factor)]
    return found if hit else None


def _factors(node: ast.expr) -> List[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _factors(node.left) + _factors(node.right)
    return [node]


def _is_discount(node: ast.expr, discount: Optional[float]) -> bool:
    if isinstance(node, ast.Constant):
        known = discount is not None and isinstance(node.value, float) and abs(node.value - discount) < 1e-6
        return known or (discount is None and isinstance(node.value, float) and 0.8 <= node.value < 1.0)
    return isinstance(node, (ast.Name, ast.Attribute)) and _has(
        GAMMA, _names(node)[:1] if isinstance(node, ast.Name) else [node.attr]
    )


def _scores(statement: _Statement, discount: Optional[float]) -> Iterator[Tuple[str, float]]:
    """Kinds of credit lines that a statement may be, with how likely."""
    node = statement.node
    if isinstance(node, ast.If):
        if _has(DONE, _names(node.test)) and (statement.backward or _has(CREDIT, [statement.function])):
            yield "masks", 2.0 + statement.backward
        return
    value = getattr(node, "value", None)
    if not isinstance(value, ast.expr):
        return
    targets = _target_names(node)
    discounted = _discounted(node, discount)
    if discounted is not None:
        yield from _discounting(statement, value, discounted)
        return
    near = float(statement.backward + _has(CREDIT, [*targets, statement.function]))
    if _has(DONE, targets) and _is_mask(value):
        yield "masks", 1.0 + near
    yield from _arithmetic(targets, value)


def _discounting(statement: _Statement, value: ast.expr, discounted: List[str]) -> Iterator[Tuple[str, float]]:
    """A statement that multiplies with a discount."""
    targets, names = _target_names(statement.node), _names(statement.node)
    near = 1.0 + _has(CREDIT, [*targets, statement.function]) + statement.backward
    if _has(VALUE, discounted) or (_has(VALUE, names) and _has(REWARD, names)):
        yield "bootstrap", near + 1
    if _carries(targets, value, statement.backward):
        yield "recursion", near + 1 + statement.backward
    if _has(DONE, discounted):
        yield "masks", near + 2


def _arithmetic(targets: List[str], value: ast.expr) -> Iterator[Tuple[str, float]]:
    """A statement that adds, subtracts, averages or scales."""
    names = _names(value)
    calls = [_called(one) for one in ast.walk(value) if isinstance(one, ast.Call)]
    sums = isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub))
    if sums and _has(CREDIT, targets) and _has(CREDIT, names) and _has(VALUE, names):
        yield "targets", 2.0
    if "mean" in calls or "std" in calls:
        if _has(REWARD, targets):
            yield "rewards", 3.0
        elif _has(CREDIT, targets):
            yield "normalisation", 2.0 + ("std" in calls)
    elif _has(REWARD, targets) and isinstance(value, ast.BinOp):
        yield "rewards", 1.0


def _target_names(node: ast.stmt) -> List[str]:
    if isinstance(node, ast.Assign):
        return [name for target in node.targets for name in _names(target)]
    if isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        return _names(node.target)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        return _names(node.value.func.value)  # returns.append(...), returns.insert(0, ...)
    if isinstance(node, ast.Return) and node.value is not None:
        return _names(node.value)  # what is returned unnamed is named by what it is made of
    return []


def _carries(targets: List[str], value: ast.expr, backward: bool) -> bool:
    """The target's own earlier value is part of the new one."""
    return bool(set(targets) & set(_names(value))) and (backward or isinstance(value, ast.BinOp))


def _is_mask(value: ast.expr) -> bool:
    """1 - done, not done, a comparison or a cast of a flag."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
        return isinstance(value.left, ast.Constant)
    return isinstance(value, (ast.UnaryOp, ast.BoolOp, ast.IfExp, ast.Compare)) or (
        isinstance(value, ast.BinOp) and isinstance(value.op, (ast.BitOr, ast.BitAnd))
    )
