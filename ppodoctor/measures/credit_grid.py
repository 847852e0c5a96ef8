"""Steps laid out for a backward recursion: down the rows, one independent recursion per column."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Callable, List, Tuple

import numpy as np

from ppodoctor.measures.credit_table import Steps

Array = Any

LARGEST = 24_000
"""Cells of a grid; of larger tables only some columns are fitted."""


@dataclass(frozen=True)
class Grid:
    """All arrays are [T, E]. Values are NaN where unknown."""

    cell: Array
    """Index of the step in the flattened table, -1 for padding."""
    valid: Array
    reward: Array
    terminated: Array
    cut: Array
    starts: Array
    tail: Array
    value: Array
    successor: Array
    after: Array
    bonus: Array
    """bool: the script may have put a constant of its own into the reward of this row."""

    @property
    def end(self) -> Array:
        """Terminated or cut."""
        return self.terminated | self.cut

    @property
    def inner(self) -> Array:
        """Rows whose episode and recording both go on."""
        return self.valid & ~self.tail & ~self.end

    @property
    def goes_on(self) -> Array:
        """Rows with a recorded row below."""
        return self.valid & ~self.tail


def grid_of(steps: Steps) -> Grid:
    """The table as it is: time down, environments side by side; thinned to `LARGEST` cells by leaving out columns."""
    grid = _whole(steps)
    keep = max(1, LARGEST // max(len(grid.cell), 1))
    if grid.cell.shape[1] <= keep:
        return grid
    # columns with episode ends tell most
    worth = steps.cut.sum(0) * 2.0 + steps.terminated.sum(0)
    return _pick(grid, np.sort(np.argsort(-np.minimum(worth, 4), kind="stable")[:keep]))


def _whole(steps: Steps) -> Grid:
    return Grid(
        cell=np.where(steps.valid, np.arange(steps.valid.size).reshape(steps.valid.shape), -1),
        valid=steps.valid,
        reward=np.where(steps.valid, steps.reward, 0.0),
        terminated=steps.terminated,
        cut=steps.cut,
        starts=steps.starts,
        tail=steps.tail,
        value=np.where(steps.valid, steps.value, 0.0),
        successor=steps.successor,
        after=steps.after,
        bonus=np.zeros_like(steps.valid),
    )


def _pick(grid: Grid, columns: Array) -> Grid:
    return _each(grid, lambda array: array[:, columns])


def _each(grid: Grid, change: Callable[[Array], Array]) -> Grid:
    return Grid(**{f.name: change(getattr(grid, f.name)) for f in fields(Grid)})


def with_reward(grid: Grid, kind: str, steps: Steps) -> Grid:
    """The same grid with another reward; kinds as in `Variant.reward`."""
    reward = grid.reward
    whole = steps.raw_reward if kind == "raw" else None
    if kind.startswith("neighbour"):
        whole = np.full_like(steps.reward, np.nan)
        for block in _blocks(steps):
            whole[:, block] = np.roll(steps.reward[:, block], 1 if kind.endswith("up") else -1, axis=1)
    if kind == "previous":
        last = np.where(grid.tail, reward, 0.0).sum(axis=0, keepdims=True)  # as rolling an array would have it
        reward = np.concatenate([last, reward[:-1]])
    elif kind == "next":
        reward = np.concatenate([reward[1:], np.zeros_like(reward[:1])])
    elif kind.startswith(("end_", "death_")):
        ends = grid.end if kind.startswith("end_") else grid.terminated
        kept = reward if kind.endswith("_added") else np.where(ends, 0.0, reward)
        return replace(grid, reward=kept, bonus=ends & grid.valid)
    elif kind == "clipped":
        reward = np.clip(reward, -1.0, 1.0)
    elif kind == "sign":
        reward = np.sign(reward)
    if whole is not None:
        reward = np.where(grid.valid, whole.ravel()[np.maximum(grid.cell, 0)], 0.0)
    return replace(grid, reward=reward)


def turned(steps: Steps) -> List[Tuple[str, Grid]]:
    """The table laid out as wrong recursions walk it."""
    found = [("backwards", _each(grid_of(steps), lambda array: array[::-1]))]
    blocks = _blocks(steps)
    if max(len(block) for block in blocks) > 1 and steps.valid.size <= LARGEST:
        whole = _whole(steps)
        for name, lay in _LAYOUTS:
            # `tail` says where a column of the new layout ends, but what ended in the table still ends here
            found.append((name, _join([_relaid(_pick(whole, block), lay) for block in blocks])))
        for name, step in (("next_environment_up", 1), ("next_environment_down", -1)):
            found.append((name, _join([_sheared(_pick(whole, block), step) for block in blocks])))
    return found


def _sheared(block: Grid, step: int) -> Grid:
    """Row t shifted by t environments: going down a column goes to the neighbour at every step."""
    steps, envs = block.cell.shape
    column = (np.arange(envs)[None, :] + step * np.arange(steps)[:, None]) % envs
    return _each(block, lambda array: np.take_along_axis(array, column, axis=1))


_LAYOUTS: Tuple[Tuple[str, Callable[[Array], Array]], ...] = (
    ("environments", lambda array: array.T),
    ("flat_steps", lambda array: array.reshape(-1, 1)),
    ("flat_environments", lambda array: array.T.reshape(-1, 1)),
)


def _blocks(steps: Steps) -> List[Array]:
    """Columns that belong to one update and vector environment; a list of single environments is one too."""
    single = all(n == 0 for _, _, n in steps.columns)
    height = steps.valid.sum(axis=0)
    owners = [(c[0], int(height[i])) if single else c[:2] for i, c in enumerate(steps.columns)]
    return [np.array([i for i, o in enumerate(owners) if o == owner]) for owner in dict.fromkeys(owners)]


def _relaid(block: Grid, lay: Callable[[Array], Array]) -> Grid:
    height = int(block.valid.any(axis=1).sum())
    laid = _each(_each(block, lambda array: array[:height]), lay)
    tail = np.zeros_like(laid.tail)
    tail[-1] = True
    return replace(laid, tail=tail)


def _join(grids: List[Grid]) -> Grid:
    """Grids side by side, padded below."""
    height = max(len(grid.cell) for grid in grids)

    def joined(name: str) -> Array:
        fill: Any = {"cell": -1, "value": 0.0, "reward": 0.0, "successor": np.nan, "after": np.nan}.get(name, False)
        parts = []
        for grid in grids:
            array = getattr(grid, name)
            parts.append(np.concatenate([array, np.full((height - len(array), array.shape[1]), fill, array.dtype)]))
        return np.concatenate(parts, axis=1)

    return Grid(**{f.name: joined(f.name) for f in fields(Grid)})
