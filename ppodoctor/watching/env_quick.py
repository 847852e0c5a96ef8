"""The way of most steps of a long run: a stream of which only numbers are kept, stepped with one action by position.

The script's own work has pushed everything out of the processor's caches by the time of a step, so that every function
called here costs about a microsecond and every name looked up counts. Loaded inside the watched process: standard
library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from numpy import ndarray

from ppodoctor.watching import env_ends
from ppodoctor.watching.env_stream import Stream
from ppodoctor.watching.env_values import PLAIN
from ppodoctor.watching.env_wrappers import UNTRACED

Step = Callable[[Any, Any, Any, Any], Any]


def quick_step(stream: Stream, tap: Any) -> Optional[Step]:
    """A function of (door, method, environment, action) that steps and appends a row; None while observations are kept.

    It leaves a step to `tap.outer_step` when somebody is to hear of it or when it is not like the others.
    """
    if stream.keep:
        return None
    return _other(stream, tap) if stream.tape is None else _plain(stream, tap)


def _plain(stream: Stream, tap: Any) -> Step:  # noqa: C901 - one function on purpose: every call in it costs
    """All in one: nothing below the step matters."""
    vector, five, plain = stream.vector, stream.returns == 5, PLAIN

    def step(door: Any, fn: Any, env: Any, action: Any) -> Any:
        tape = stream.tape
        if not tap.idle or tape is None:
            return tap.outer_step(door, fn, env, (action,), {})
        kind, numbers = type(action), tape.action_dtype is None
        if kind is not tape.kind:
            return tap.outer_step(door, fn, env, (action,), {})
        if numbers:
            sent = action
        else:
            known = kind is ndarray and action.dtype is tape.action_dtype
            sent = action.tobytes() if known else tape.sent(action)
        door.trace = UNTRACED
        try:
            out = fn(env, action)
        finally:
            door.trace = None
        tap.idle -= 1
        tap.unheard += 1
        tap.latest = stream
        stream.calls += 1
        try:
            if five:
                stream.last, reward, ended, cut, _ = out
            else:
                (stream.last, reward, ended), cut = out[:3], False
            if vector:
                first, second = ended.tobytes(), cut.tobytes() if five else b""
                if b"\1" in first or b"\1" in second:
                    tape.ends.append((len(tape), first, second))
                    env_ends.vector(stream, ended, cut if five else None, out, UNTRACED)
                known = type(reward) is ndarray and reward.dtype is tape.dtype
                tape.rewards += reward.tobytes() if known else tape.numbers(reward)
            else:
                stream.just_ended = over = not (ended is False and cut is False) and bool(ended or cut)
                if over:
                    tape.ends.append((len(tape), bool(ended), bool(cut)))
                    env_ends.single(stream, out, UNTRACED)
                tape.rewards.append(reward if type(reward) in plain else tape.number(reward))
            if numbers:
                tape.actions.append(sent)
            else:
                tape.actions += sent
        except Exception as error:
            tap.fail(stream, error)
        return out

    return step


def _other(stream: Stream, tap: Any) -> Step:
    """The stream appends the row, with what lies below where that matters."""
    traced, plain = not stream.plain, PLAIN

    def step(door: Any, fn: Any, env: Any, action: Any) -> Any:
        array = type(action) is ndarray
        if not (tap.idle and stream.opened and (array or type(action) in plain)):
            return tap.outer_step(door, fn, env, (action,), {})
        sent = action.copy() if array else action
        trace: Any = [] if traced else UNTRACED
        door.trace = trace
        try:
            out = fn(env, action)
        finally:
            door.trace = None
        tap.idle -= 1
        tap.unheard += 1
        tap.latest = stream
        try:
            stream.after(sent, (), out, trace, door)  # only what is kept with observations looks at the arguments
        except Exception as error:
            tap.fail(stream, error)
        return out

    return step
