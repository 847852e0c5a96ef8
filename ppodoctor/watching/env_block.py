"""What folding makes of a stream's rows, and what it leaves for the next time.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

Array = Any


@dataclass
class Block:
    """Folded rows of one stream: [T, N] arrays, and observations when they were kept."""

    first_call: int
    reward: Array
    raw: Optional[Array]
    """Innermost reward, None where it is not visible."""
    terminated: Array
    truncated: Array
    done_seen: Array
    filler: Array
    reset_before: Array
    final_known: Array
    action: Optional[Array]
    inner_action: Optional[Array] = None
    obs: Optional[Array] = None
    next_obs: Optional[Array] = None
    fillers: bool = False
    """Is there any row that a next-step reset inserted?"""

    def received(self, column: Array) -> Array:
        """[S, ...] the entries of a [T, N, ...] column that belong to steps."""
        return column[~self.filler] if self.fillers else column.reshape(-1, *column.shape[2:])


@dataclass(frozen=True)
class Mark:
    """Where an update began among the rows of a stream that are not folded yet."""

    rows: int
    """Rows before it."""
    events: int
    """Resets by the script before it."""


@dataclass
class Carry:
    """What a fold leaves for the next one, per environment."""

    ret: Array
    seen: Array
    length: Array
    over: Array
    """Ended, and not reset by anybody yet."""
    reset_before: Array
    """[2, N] the flag for the next two rows."""
    filler: Array
    stepped_after_end: int = 0
    cut_by_script: int = 0

    @classmethod
    def fresh(cls, envs: int) -> Carry:
        """Nothing has happened yet."""
        return cls(
            ret=np.zeros(envs),
            seen=np.zeros(envs),
            length=np.zeros(envs, np.int64),
            over=np.zeros(envs, bool),
            reset_before=np.zeros((2, envs), bool),
            filler=np.zeros(envs, bool),
        )
