"""The environment tap: every step and reset the script makes on an outermost environment object, as streams of rows.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

from ppodoctor.recorder import Recorder
from ppodoctor.records import EnvFacts, EpisodeRecord
from ppodoctor.specimens import RolloutSpecimen
from ppodoctor.watching import env_facts
from ppodoctor.watching.env_before import FirstResets, Made
from ppodoctor.watching.env_classes import ClassHook, merely_checks
from ppodoctor.watching.env_cut import Cuts
from ppodoctor.watching.env_halves import Halves
from ppodoctor.watching.env_quick import quick_step
from ppodoctor.watching.env_rest import Rest
from ppodoctor.watching.env_stream import NoStep, Stream
from ppodoctor.watching.env_streams import Streams
from ppodoctor.watching.env_values import PLAIN, chosen_environments, kept, observation_of
from ppodoctor.watching.env_workers import Worker, follow_forks
from ppodoctor.watching.env_wrappers import UNTRACED, Door
from ppodoctor.watching.sites import script_site


class EnvTap:
    """Sees the environments of this process. `on_step` is called after each outermost step; it may raise to stop.

    Without a recorder it only counts (see `become_worker`), as it does in forked children.
    """

    def __init__(self, recorder: Optional[Recorder], on_step: Optional[Callable[[], None]] = None) -> None:
        self.recorder = recorder
        self.on_step: Callable[[], Any] = on_step if on_step is not None else lambda: None
        self.keep_rows = False
        """Keep whole rows from the next cut on, else light statistics."""
        self.idle = 0
        """Steps of which only numbers are kept and `on_step` need not hear; they are counted in `unheard`."""
        self.unheard = 0
        self.latest: Optional[Stream] = None
        """The stream stepped or reset last."""
        self.streams = Streams(lambda env: self._first_resets.stepped(env))
        self._by_id = self.streams.by_id
        self.cuts = Cuts(self.streams, self._episode, self.fail)
        self._made = Made()
        self.halves = Halves(self)
        self._ignored: Dict[int, Any] = {}
        self._first_resets = FirstResets()
        self._worker: Optional[Worker] = Worker(None) if recorder is None else None
        self._off = False
        self._door = Door(self)
        self._classes = ClassHook(self._door)
        self._rest = Rest(self.streams, self._classes, self.halves)
        follow_forks(self)

    # Attaching

    def attach_classes(self) -> None:
        """Watch the classes made from now on, and those at the top level of the modules that are there."""
        self._off = False
        self._classes.attach()

    def look(self) -> None:
        """Watch the script's own top-level classes; worth a call when something is about to happen.

        Needed only where class statements are not seen as they run (see `env_classes`).
        """
        if not self._off:
            self._classes.look()

    def attach_gymnasium(self, module: Any) -> None:
        """Watch the environment classes that gymnasium, or the old gym, made while it was imported."""
        for name in ("Env", "Wrapper"):
            self._attach_below(getattr(module, name, None))
        vector = getattr(module, "vector", None)
        self._attach_below(getattr(vector, "VectorEnv", None))

    def detach(self) -> None:
        """Give every class its own methods back; what was seen stays."""
        self._off = True
        self._classes.detach()
        self._by_id.clear()

    def become_worker(self, folder: Optional[Path]) -> None:
        """From now on only count calls, into `folder`: this process was made by the one that is watched."""
        self._rest.end()
        self._worker = Worker(folder)
        self._by_id.clear()
        self._door.trace = None

    def _attach_below(self, kind: Any) -> None:
        if isinstance(kind, type):
            self._classes.attach_existing(kind)

    # Reading

    @property
    def watches(self) -> bool:
        """Is this the process that is watched, and still?"""
        return self._worker is None and not self._off

    def minibatch(self, inputs: Any) -> None:
        """What went into the first layer of a minibatch [B, D]: it tells which streams are trained on."""
        self.cuts.train_streams.minibatch(inputs)

    @property
    def current(self) -> Tuple[int, int]:
        """(stream, its step calls so far) of the object stepped or reset last."""
        return (-1, 0) if self.latest is None else (self.latest.index, self.latest.calls)

    @property
    def total_steps(self) -> int:
        """Environment steps over all sub-environments of the streams that train."""
        return sum(watched.steps for watched in self.cuts.training())

    @property
    def ends(self) -> Tuple[int, int]:
        """(terminations, time limits) of the streams that train, as far as their rows have been looked at."""
        totals = [watched.totals for watched in self.cuts.training()]
        return sum(one.terminated for one in totals), sum(one.truncated for one in totals)

    def cut(self, update: int, *, last: bool = False) -> Tuple[List[RolloutSpecimen], Dict[str, Any]]:
        """(rollouts, columns): the rows since the last cut, as the rollout before policy update `update` (from 1).

        A rollout for every stream whose observations were kept, and UpdateRecord columns of the training streams. The
        `last` cut is that of the end, when no update follows.
        """
        self._first_resets.clear()
        return self.cuts.cut(update, last=last)

    def facts(self) -> List[EnvFacts]:
        """What is known about every stream so far, in the order of their indices."""
        return self.cuts.facts()

    def finish(self) -> None:
        """Fold what is left, so that every finished episode is written."""
        self.cuts.finish()

    # Called by the wrappers (env_classes)

    def outer_step(self, door: Any, fn: Any, env: Any, args: Any, kwargs: Any) -> Any:
        """The script steps an environment: call it, append a row, tell the session."""
        stream = self._by_id.get(id(env))
        if stream is None:
            return self._first_step(door, fn, env, args, kwargs)
        action = args[0] if args else next(iter(kwargs.values()), None)
        try:
            if type(action) not in PLAIN:
                action = kept(action)
            self._ready(stream)
        except Exception as error:
            self.fail(stream, error)
        trace: Any = UNTRACED if stream.plain else []
        door.trace = trace
        try:
            out = fn(env, *args, **kwargs)
        finally:
            door.trace = None
        try:
            stream.after(action, args, out, trace, door)
            self.latest = stream
            if stream.held >= stream.limit:
                # too many without a cut: the older half (all when observations are not kept) goes into the sums
                self.cuts.fold(self.streams.of(stream), stream.held // 2 if stream.keep else None)
            if stream.below.strangers:
                self._let_go(stream)
        except Exception as error:
            self.fail(stream, error)
        self.on_step()
        return out

    def outer_reset(self, door: Any, fn: Any, env: Any, args: Any, kwargs: Any) -> Any:
        """The script resets an environment."""
        if merely_checks(type(env)):
            return fn(env, *args, **kwargs)  # what it wraps is stepped, so that is what is reset
        chosen = chosen_environments(kwargs) if kwargs else None
        known = self._by_id.get(id(env))
        if self._rest.on and (known is None or not known.light):
            self._rest.end()
        trace: Any = UNTRACED if known is not None and known.plain else []
        door.trace = trace
        try:
            out = fn(env, *args, **kwargs)
        finally:
            door.trace = None
            door.resets = False
        if self._off:
            return out
        if self._worker is not None:
            self._worker.reset(env)
            return out
        try:
            self._saw_reset(env, out, chosen, kwargs.get("seed"))
            stream = self._by_id.get(id(env))
            if stream is not None and not stream.calls:
                self._first_resets.remember(env, trace)
        except _CannotOpen as error:
            self._ignore(env, error.__cause__)
        except Exception as error:
            self._note(env, error)
        return out

    def outer_seed(self, env: Any, args: Any, kwargs: Any) -> None:
        """The script calls seed(...) on an environment."""
        if self.watches and not merely_checks(type(env)):
            self.streams.seeded(env, args[0] if args else next(iter(kwargs.values()), None))

    def made(self, env: Any) -> None:
        """An environment object's __init__ returned."""
        if not self.watches or self._door.trace is not None:
            return  # made inside of a step or reset: no script's line to remember
        if self._rest.on:
            self._rest.end()
        self._made.add(env, script_site(2))

    # Off the fast path

    def _ready(self, stream: Stream) -> None:
        """Before a step: settle what is kept until the next cut, and what is looked at below."""
        if not stream.opened:
            stream.open(self.keep_rows)
            stream.quick = quick_step(stream, self)
            self.idle = 0
            if stream.light:
                self._rest.begin()
        if self._rest.on and not stream.light:
            self._rest.end()
        if stream.keep and stream.now is None:
            stream.before()

    def _first_step(self, door: Any, fn: Any, env: Any, args: Any, kwargs: Any) -> Any:
        """A step on an object without a stream: not seen before, ignored, in a worker, or after detach."""
        if self._worker is not None:
            return self._worker.step(door, fn, env, args, kwargs)
        if not self._off and id(env) not in self._ignored:
            try:
                self._opened_by_step(env)
                return self.outer_step(door, fn, env, args, kwargs)
            except _CannotOpen as error:
                self._ignore(env, error.__cause__)
        return fn(env, *args, **kwargs)

    def _opened_by_step(self, env: Any) -> None:
        """Its first reset may have been seen as part of another object's."""
        stream = self._open(env)
        for out in self._first_resets.of(env):
            stream.reset(observation_of(out), None)
            self.streams.reset_from(stream, script_site())

    def _open(self, env: Any) -> Stream:
        try:
            return self.streams.open(env, self._made.at(env))
        except Exception as error:
            raise _CannotOpen from error

    def _saw_reset(self, env: Any, out: Any, chosen: Any, seed: Any) -> None:
        if id(env) in self._ignored or out is None:
            return
        stream = self._by_id.get(id(env)) or self._open(env)
        self.streams.number(stream)
        if seed is not None:
            self.streams.seeded(env, seed)
        stream.reset(observation_of(out), chosen)
        if self.streams.of(stream).facts.reset_at is None:
            self.streams.reset_from(stream, script_site())
        self.latest = stream

    def _episode(self, record: EpisodeRecord) -> None:
        if self.recorder is not None:
            self.recorder.episode(record)

    def _let_go(self, stream: Stream) -> None:
        """Objects below a step that are no environments (simulators) are not watched any longer."""
        for stranger in stream.below.strangers:
            self._classes.refuse(type(stranger))
        stream.below.forget()

    def _refused(self, stream: Stream, error: Exception) -> None:
        """What the script called returned no step: a scheduler, an agent, an API that is not known."""
        env = stream.owner()
        self.streams.drop(stream)
        self._ignore(env, error if env_facts.attribute(env, "action_space") is not None else None)
        self._classes.refuse(type(env))

    def fail(self, stream: Stream, error: Exception) -> None:
        """Stop reading this stream, say so once, and let the script go on."""
        if isinstance(error, NoStep):
            self._refused(stream, error)
            return
        stream.after = stream.count  # type: ignore[method-assign, assignment]
        stream.rows, stream.tape, stream.quick = [], None, None
        stream.opened = False
        self._note(stream.owner(), error)

    def _ignore(self, env: Any, error: Optional[BaseException]) -> None:
        self._ignored[id(env)] = env  # held, so that the id means this object
        if error is not None:
            self._note(env, error)

    def _note(self, env: Any, error: BaseException) -> None:
        if self.recorder is not None:
            name = f"{type(env).__module__}.{type(env).__qualname__}"
            said = str(error) or type(error).__name__
            self.recorder.note("environments", f"the steps of {name} could not be read: {said}")


class _CannotOpen(Exception):
    """An object that was stepped or reset could not be described."""
