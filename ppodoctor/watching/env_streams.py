"""Which stream an environment object belongs to, and what is known about each stream beyond its rows.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ppodoctor.records import EnvFacts, EpisodeRecord, Site
from ppodoctor.watching import env_facts
from ppodoctor.watching.env_block import Block, Carry, Mark
from ppodoctor.watching.env_fold import fold
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.env_totals import RewardSums, Totals
from ppodoctor.watching.env_trace import first_innermost
from ppodoctor.watching.env_values import flat
from ppodoctor.watching.env_windows import Window, add_block
from ppodoctor.watching.sites import script_site

_SEEDS = 64


class Watched:
    """One stream with its facts, sums and open episodes."""

    def __init__(self, stream: Stream, facts: EnvFacts, innermost: int) -> None:
        self.stream = stream
        self.facts = facts
        self.innermost = innermost
        """id of the innermost object, to know the same environment under another wrapper."""
        self.windows = [Window()]
        """Of every update that was only marked so far, in order, and of the one to come."""
        self.totals = Totals()
        self.objects = 1
        self.alive = True
        self._carry: Optional[Carry] = None

    @property
    def steps(self) -> int:
        """Environment steps, all sub-environments."""
        return self.stream.calls * self.stream.envs

    @property
    def place(self) -> Tuple[Any, ...]:
        """Equal for environments of one kind stepped by one line: a list of environments that train together."""
        at = self.stream.stepped_at
        return (self.facts.cls, self.facts.spec_id, self.stream.envs, at and (at.file, at.line))

    def fold(
        self, close: Callable[[EpisodeRecord], None], count: Optional[int] = None, marks: Sequence[Mark] = ()
    ) -> Block:
        """Turn rows into a block and add it to the sums; `close` receives the episodes that ended (see `fold`)."""
        if self._carry is None:
            self._carry = Carry.fresh(self.stream.envs)
        self.windows += [Window() for _ in range(len(marks) + 1 - len(self.windows))]

        def ended(record: EpisodeRecord) -> None:
            self.windows[record.update].episode(record)
            self.totals.episode(record)
            close(record)

        block = fold(self.stream, self._carry, ended, count, marks)
        add_block(self.windows, block, [0, *(mark.rows for mark in marks), len(block.reward)], self.facts.action)
        self.totals.add(block, RewardSums(block), self.facts.action)
        return block

    def describe(self, evaluates: bool) -> EnvFacts:
        """The stream's facts as they stand."""
        stream = self.stream
        facts: Dict[str, Any] = {**self.facts.facts, **self.totals.facts(), "objects": self.objects}
        if stream.layout is not None:
            facts["obs_stride"], facts["obs_dtype"] = stream.layout.stride, stream.layout.source_dtype
        if stream.agents is not None:
            facts["agents"] = [str(name) for name in stream.agents.names]
        if stream.info:
            facts["info_keys"] = sorted(stream.info)
            facts["success"] = {key: float(np.mean(said)) for key, said in stream.info.items() if said}
        facts["cut_by_script"] = self._carry.cut_by_script if self._carry is not None else 0
        return replace(
            self.facts,
            returns=stream.returns or self.facts.returns,
            num_envs=stream.envs,
            autoreset=stream.autoreset,
            stepped_at=stream.stepped_at,
            steps=self.steps,
            resets=stream.reset_count,
            role="evaluate" if evaluates else "train",
            first_observations_equal=self._first_equal(),
            returned_array_reused=stream.reused,
            stepped_after_end=self._carry.stepped_after_end if self._carry is not None else 0,
            facts=facts,
        )

    def _first_equal(self) -> Optional[bool]:
        stream = self.stream
        if not stream.vector or stream.envs == 1:
            return stream.equal_resets
        if stream.first_reset is None:
            return None
        try:
            rows = flat(stream.first_reset, stream.envs)
        except (ValueError, TypeError):
            return None
        return bool((rows[1:] == rows[:1]).all())


class ById(Dict[int, Stream]):
    """Streams by the id of their object; empty when a class that was watched is sent to another process by value."""

    def __reduce__(self) -> Tuple[Any, ...]:
        return dict, ()


class Streams:
    """All streams of this process; `by_id` finds the stream of an object by its id while the object lives.

    A stream gets its number and its place in `watched` at its first step: objects that are only reset, by an outer
    one before it exists, get none. `stepped` is told of the object then.
    """

    def __init__(self, stepped: Callable[[Any], None]) -> None:
        self._stepped = stepped
        self.watched: List[Watched] = []
        self.by_id: Dict[int, Stream] = ById()
        self._all: Dict[Stream, Watched] = {}
        self._held: Dict[int, Any] = {}
        self._seeds: Dict[int, List[Optional[int]]] = {}

    def open(self, env: Any, made_at: Optional[Site]) -> Stream:
        """A stream for an object not seen before: a new one, or that of the same environment known otherwise."""
        facts = env_facts.describe(env)
        facts.made_at = made_at
        chain = env_facts.layers(env)
        known = self._known(facts, id(chain[-1]), script_site(), env_facts.num_envs(env) is None)
        if known is None:
            known = self._new(env, facts, chain)
        elif known.alive:
            self._hold(env, None)
            self.by_id[id(env)] = known.stream
        else:
            known.objects += 1
            known.innermost = id(chain[-1])
            self._bind(env, known)
        self.seeded(env, ())
        return known.stream

    def of(self, stream: Stream) -> Watched:
        """The facts and sums of a stream."""
        return self._all[stream]

    def drop(self, stream: Stream) -> None:
        """Forget a stream that turned out to be none."""
        for key in [key for key, one in self.by_id.items() if one is stream]:
            del self.by_id[key]
        self._all.pop(stream, None)

    def number(self, stream: Stream) -> None:
        """The number a stream that was only reset so far will get if it is the next one to be stepped."""
        if stream.stepped_at is None and not stream.calls:
            stream.index = len(self.watched)

    def busiest(self) -> List[Watched]:
        """The stream with most steps, with those of its kind that the same line steps."""
        if not self.watched:
            return []
        totals: Dict[Any, int] = {}
        for one in self.watched:
            totals[one.place] = totals.get(one.place, 0) + one.steps
        most = max(totals, key=lambda place: totals[place])
        return [one for one in self.watched if one.place == most]

    def seeded(self, env: Any, seed: Any) -> None:
        """A seed was given to reset or seed; kept until the object has a stream."""
        waiting = self._seeds.setdefault(id(env), [])
        many = isinstance(seed, (list, tuple, np.ndarray))
        numbers = (int, np.integer, type(None))
        waiting.extend(
            None if one is None else int(one) for one in (seed if many else [seed]) if isinstance(one, numbers)
        )
        stream = self.by_id.get(id(env))
        if stream is not None:
            facts = self._all[stream].facts
            facts.seeds = (*facts.seeds, *self._seeds.pop(id(env)))[:_SEEDS]

    def reset_from(self, stream: Stream, site: Optional[Site]) -> None:
        """Remember the line of the first reset."""
        facts = self._all[stream].facts
        if facts.reset_at is None:
            facts.reset_at = site

    def _new(self, env: Any, facts: EnvFacts, chain: List[Any]) -> Watched:
        stream = Stream(env_facts.num_envs(env), self._first_step)
        mode = env_facts.autoreset(env)
        if mode is not None:
            stream.autoreset, stream.autoreset_known = mode, True
        stream.hidden = env_facts.hides_workers(chain)
        watched = self._all[stream] = Watched(stream, facts, id(chain[-1]))
        self._bind(env, watched)
        self.number(stream)
        return watched

    def _first_step(self, stream: Stream, trace: List[Any]) -> None:
        """A stream's first step: it gets its number, and what lies below the object is seen."""
        watched = self._all[stream]
        stream.index = watched.facts.stream = len(self.watched)
        self.watched.append(watched)
        outer = stream.owner()
        self._stepped(outer)
        chain = env_facts.layers(outer)
        innermost = first_innermost(trace, outer)
        if innermost is not None and not any(innermost is one for one in chain):
            found = env_facts.describe(outer, [*chain, *env_facts.layers(innermost)])
            watched.facts = replace(
                found,
                stream=stream.index,
                made_at=watched.facts.made_at,
                reset_at=watched.facts.reset_at,
                seeds=watched.facts.seeds,
            )

    def _known(self, facts: EnvFacts, innermost: int, site: Optional[Site], single: bool) -> Optional[Watched]:
        """The same environment under another wrapper, or the successor of one made and used at the same lines."""
        for one in self._all.values():
            if not single or one.stream.vector or one.facts.observation != facts.observation:
                continue
            if one.alive and one.stream.calls and one.innermost == innermost and facts.observation.kind != "unknown":
                return one
        for one in self.watched:
            alike = all(getattr(one.facts, name) == getattr(facts, name) for name in ("layers", "spec_id", "made_at"))
            first = one.facts.reset_at or one.stream.stepped_at
            if alike and not one.alive and first == site:
                return one
        return None

    def _bind(self, env: Any, watched: Watched) -> None:
        watched.alive = True
        watched.stream.rebind(self._hold(env, watched))
        self.by_id[id(env)] = watched.stream

    def _hold(self, env: Any, watched: Optional[Watched]) -> Callable[[], Any]:
        """A weak reference that forgets the id when the object dies; the object itself where that cannot be had."""
        key = id(env)

        def gone(_: Any) -> None:
            self.by_id.pop(key, None)
            self._held.pop(key, None)
            self._seeds.pop(key, None)
            if watched is not None:
                watched.alive = False
                if not watched.stream.calls:
                    self._all.pop(watched.stream, None)

        def holding() -> Any:
            return env

        try:
            found: Callable[[], Any] = weakref.ref(env, gone)
        except TypeError:
            found = holding
        self._held[key] = found
        return found
