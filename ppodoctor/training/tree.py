"""Observations are arrays, or dicts and tuples of them: one function for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def tree_map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`function` of every array of a tree, and of those at the same place in others of the same shape."""
    if isinstance(tree, dict):
        return {key: tree_map(function, value, *(other[key] for other in others)) for key, value in tree.items()}
    if isinstance(tree, tuple):
        return tuple(tree_map(function, value, *(other[i] for other in others)) for i, value in enumerate(tree))
    return function(tree, *others)


def leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, in order."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, tuple):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def take(tree: Any, rows: Any) -> Any:
    """The rows of every array of a tree."""
    return tree_map(lambda array: array[rows], tree)
