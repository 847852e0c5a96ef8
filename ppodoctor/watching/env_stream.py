"""One outermost environment object: the rows of its steps since the last cut, appended as cheaply as possible.

Nothing is computed here that can wait until the cut; `env_fold` turns the rows into arrays.
Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from ppodoctor.records import Site
from ppodoctor.watching import env_ends
from ppodoctor.watching.env_agents import Agents, begin, by_agent
from ppodoctor.watching.env_below import Below
from ppodoctor.watching.env_tape import Tape
from ppodoctor.watching.env_values import PLAIN, Layout, address, as_array, kept, same, steps_like, told, with_rows
from ppodoctor.watching.sites import script_site

ROWS = 16384
"""Rows (or numbers, divided by the environments) held before they are folded into sums."""
BYTES = 64 * 1024 * 1024
"""Budget for the observations of one stream between two cuts."""
_REUSE_ROWS = 64
_SAME_REWARDS = 256
"""Rows after which innermost rewards that are the received ones count as the same for good, or until next kept."""
_EQUAL_RESETS = 64
_TOLD_ENDS = 4
"""Ends that a vector environment whose step says only `done` must have told of in info."""


class NoStep(Exception):
    """What a class's step returned is not what an environment returns."""


class Stream:
    """Rows are (action, reward, flag, flag, raw reward) and, with observations, (.., inner action, before, after).

    They lie one after the other in one list: tuples that stay would call Python's collector again and again.

    `num_envs` is what the object says of itself, None for a single environment; `on_first(stream, trace)` is called at
    the first step.
    """

    def __init__(self, num_envs: Optional[int], on_first: Callable[[Stream, List[Any]], None]) -> None:
        self.index = 0
        self.owner: Callable[[], Any] = _nobody
        """The object while it lives."""
        self.on_first = on_first
        self.calls = 0
        self.rows: List[Any] = []
        self.width = 5
        """Entries of a row."""
        self.keep = False
        self.light = False
        """No observations are kept, and step and info tell of ends: below, only the innermost reward matters."""
        self.plain = False
        """Nor do those: what is below passes rewards on as they are, and is not looked at."""
        self.same_rewards: Optional[int] = 0
        """Rows, with observations, whose innermost rewards were those received; None once one was not."""
        self.declared = num_envs
        self.envs = num_envs or 1
        self.vector = num_envs is not None
        self.returns = 0
        self.agents: Optional[Agents] = None
        """Whose rows these are, where the environment speaks by agent."""
        self.layout: Optional[Layout] = None
        self.packed = False
        """The flags are arrays of bool and kept as bytes."""
        self.last: Any = None
        """The observation returned last, the script's own object."""
        self.now: Any = None
        """A copy of it, while observations are kept."""
        self.autoreset = "unknown" if self.vector else "none"
        self.autoreset_known = False
        self.events: List[Tuple[int, Any]] = []
        """(step calls before it, mask or None for all) of every reset by the script since the last fold."""
        self.finals: List[Tuple[int, int, Any]] = []
        """(row, environment, final observation), rows counted from the stream's first call."""
        self.timeouts: List[Tuple[int, Any]] = []
        """(row, environment or flags of all) of ends by a time limit, where step says only `done`."""
        self.info: Dict[str, List[float]] = {}
        """Names in info at an end, and the values of those that speak of success."""
        self.success = False
        self.ends = 0
        """Steps at which at least one environment ended."""
        self.told_ends = self.untold_ends = 0
        """Those of a vector environment at which info held the final observation, and those at which it did not."""
        self.five_below = False
        """Step says only `done`, and what is below it says how an episode ended."""
        self.reset_count = 0
        self.first_reward: Any = None
        self.first_reset: Any = None
        self.equal_resets: Optional[bool] = None
        self.reused: Optional[bool] = None
        self.hidden = False
        """Its environments run where this process cannot see them."""
        self.stepped_at: Optional[Site] = None
        self.limit = ROWS
        self.just_ended = False
        self.below = Below()
        self.opened = False
        """Has there been a row since the last fold?"""
        self.tape: Optional[Tape] = None
        """Where rows are appended while the stream is plain, in the place of `rows`."""
        self.quick: Any = None
        """What steps while no observations are kept, in the place of everything else (see `env_quick`)."""
        self._watched = 0

    def rebind(self, owner: Callable[[], Any]) -> None:
        """Another object goes on with this stream (the first one, too)."""
        self.owner, self.last, self.now = owner, None, None
        self.below.forget()

    def open(self, keep: bool) -> None:
        """Called before the first row after a cut: decides whether observations are kept until the next one."""
        if self.after == self.count:
            return
        self.opened = True
        self.keep = keep
        self.width = 8 if keep else 5
        self.light = not keep and self._tells_all()
        self.plain = self.light and (self.same_rewards or 0) >= _SAME_REWARDS
        self._watched = 0
        if not keep:
            self.now = None
        # a tensor is read at the fold: to read one of an accelerator here would make the script wait at every step
        taped = self.plain and self.agents is None and not hasattr(self.first_reward, "detach")
        taped = taped and (self.packed or not self.vector)
        self.tape = Tape(self.envs, self.vector, self.first_reward) if taped else None
        if self.calls:
            self._choose()

    def _tells_all(self) -> bool:
        """Does what step returns tell how an episode ended and who resets?"""
        told = self.returns == 5 or not self.five_below
        if self.vector:
            told = told or (self.told_ends >= _TOLD_ENDS and not self.untold_ends)
            return told and self.autoreset_known
        return told

    @property
    def held(self) -> int:
        """Rows since the last fold."""
        return len(self.rows) // self.width if self.tape is None else len(self.tape)

    def before(self) -> None:
        """Called before a step while observations are kept and the current one has not been copied yet."""
        if self.last is not None:
            self.now = self.layout.take(self.last) if self.layout is not None else kept(self.last)

    def reset(self, observation: Any, chosen: Any) -> None:
        """The script reset it; `chosen` is a mask [N] or indices when it was not all environments."""
        if self.agents is not None:
            observation = self.agents.observation(observation)
        mask = chosen
        if chosen is not None and chosen.dtype != bool:
            mask = np.isin(np.arange(self.envs), chosen)
            if len(chosen) < self.envs:
                begun = self.layout is not None and self.last is not None
                observation = with_rows(self.last, observation, chosen, self.envs) if begun else self.last
            if not self.autoreset_known and self.vector:
                self.autoreset = "disabled"
        self.events.append((self.calls, mask))
        self.reset_count += 1
        if self.just_ended and not self.vector:
            self.autoreset = "none"
        self.just_ended = False
        self.last = observation
        self.now = None
        if self.reset_count <= _EQUAL_RESETS and mask is None:
            self._compare(observation)

    def after(self, action: Any, args: Any, out: Any, trace: List[Any], door: Any) -> None:
        """Append what one step returned. `trace` holds the calls below it, `door.resets` whether one was a reset."""
        self._first(out, trace)
        self._choose()
        self.after(action, args, out, trace, door)

    def _choose(self) -> None:
        """How rows are appended until the next fold."""
        usual = self._by_agent if self.agents is not None else self._vector if self.vector else self._single
        self.after = usual if self.tape is None else self._taped  # type: ignore[method-assign]

    def _taped(self, action: Any, args: Any, out: Any, trace: List[Any], door: Any) -> None:
        self.calls += 1
        self.last, reward, ended = out[:3]
        cut = out[3] if self.returns == 5 else None
        over = self.tape is not None and self.tape.append(action, reward, ended, cut)
        self.just_ended = over
        if over and self.vector:
            self.just_ended = env_ends.vector(self, ended, cut, out, trace)
        elif over:
            env_ends.single(self, out, trace)

    def _single(self, action: Any, args: Any, out: Any, trace: List[Any], door: Any) -> None:
        self.calls += 1
        reward, ended = out[1], out[2]
        cut = out[3] if self.returns == 5 else False
        if type(reward) not in PLAIN:
            reward = kept(reward)
        if type(ended) not in PLAIN:
            ended, cut = kept(ended), kept(cut)
        below = self.below
        usual = len(trace) == below.length and not door.resets
        if usual and type(below.plan) is int:
            raw = trace[below.plan][3][1]
            if type(raw) not in PLAIN:
                raw = kept(raw)
        else:
            raw = self._raw(out, trace, door, usual)
        if self.keep:
            self._keep(
                (
                    action,
                    reward,
                    ended,
                    cut,
                    raw,
                    self.below.sent(action, args, trace, (self.envs, usual, self.hidden)),
                ),
                out[0],
            )
        else:
            self.rows += (action, reward, ended, cut, raw)
        self.last = out[0]
        if ended or cut:
            env_ends.single(self, out, trace)
            self.just_ended = True
        else:
            self.just_ended = False

    def _vector(self, action: Any, args: Any, out: Any, trace: List[Any], door: Any) -> None:
        self.calls += 1
        ended: Any = out[2]
        cut: Any = out[3] if self.returns == 5 else None
        usual = len(trace) == self.below.length and not door.resets
        raw = None if self.plain else self._raw(out, trace, door, usual)
        if self.packed:
            flags: Any = (ended.tobytes(), cut.tobytes() if cut is not None else None)
            over = b"\1" in flags[0] or (cut is not None and b"\1" in flags[1])
        else:
            flags, over = (kept(ended), kept(cut)), True
        if self.keep:
            self._keep(
                (
                    action,
                    kept(out[1]),
                    *flags,
                    raw,
                    self.below.sent(action, args, trace, (self.envs, usual, self.hidden)),
                ),
                out[0],
            )
        else:
            self.rows += (action, kept(out[1]), *flags, raw)
        self.last = out[0]
        self.just_ended = over and env_ends.vector(self, ended, cut, out, trace)

    def _by_agent(self, action: Any, args: Any, out: Any, trace: List[Any], door: Any) -> None:
        agents: Any = self.agents
        self._vector(agents.action(action), (), agents.step(out), trace, door)

    def count(self, *_: Any) -> None:
        """What `after` becomes when this stream cannot be read: its steps are still counted."""
        self.calls += 1

    def _first(self, out: Any, trace: List[Any]) -> None:
        if by_agent(out):
            out = begin(self, out)
        elif not steps_like(out):
            raise NoStep(f"step returned {told(out)}; expected (observation, reward, terminated, truncated, info)")
        self.on_first(self, trace)
        self.stepped_at = script_site()
        self.returns = len(out)
        self.five_below = len(out) < 5 and any(type(one[3]) is tuple and len(one[3]) == 5 for one in trace)
        size = int(np.size(as_array(out[2])))
        if size > 1 or self.declared is not None:
            self.vector, self.envs = True, size
            if self.autoreset == "none" and not self.autoreset_known:
                self.autoreset = "unknown"
        flags = out[2:4] if self.returns == 5 else out[2:3]
        self.packed = self.vector and all(type(flag) is np.ndarray and flag.dtype == bool for flag in flags)
        self.layout = Layout(out[0], self.envs)
        self.first_reward = kept(out[1])
        self.limit = max(64, min(ROWS, ROWS * 16 // self.envs, BYTES // max(1, self.envs * self.layout.width * 8)))
        if self.now is not None:
            self.now = self.layout.take(self.now)

    def _keep(self, row: Tuple[Any, ...], observation: Any) -> None:
        layout: Any = self.layout
        after = observation.copy() if layout.simple and type(observation) is np.ndarray else layout.take(observation)
        before = self.now
        if self._watched < _REUSE_ROWS:
            self._watched += 1
            self._reuse(observation, before, after)
        self.rows += (*row, before, after)
        self.now = after

    def _reuse(self, observation: Any, before: Any, after: Any) -> None:
        """Did step hand out the memory it handed out before, with other content? The earlier array is still held."""
        last = self.last
        if before is None or last is None or self.reused:
            return
        shared = observation is last or (bool(address(last)) and address(last) == address(observation))
        if not same(before, after):
            self.reused = shared

    def _raw(self, out: Any, trace: List[Any], door: Any, usual: bool) -> Any:
        """The innermost rewards where several environments are stepped, or where this step is not like the others."""
        if usual:
            found = self.below.rewards(trace)
            return kept(found) if type(found) is np.ndarray else found
        resets = door.resets
        if resets:
            door.resets = False
            if self.just_ended and not self.autoreset_known:
                self.autoreset, self.autoreset_known = "next_step", self.vector
        return self.below.other_rewards(out, trace, self.owner(), resets)

    def _compare(self, observation: Any) -> None:
        if self.first_reset is None:
            self.first_reset = kept(observation)
        elif not self.vector and self.equal_resets is not False:
            self.equal_resets = same(self.first_reset, observation)


def _nobody() -> None:
    return None
