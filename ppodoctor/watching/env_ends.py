"""What an environment says at an episode's end: the final observation, a time limit, who resets, success.

Loaded inside the watched process: standard library and numpy only, Python 3.9 or later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Sequence

import numpy as np

from ppodoctor.watching.env_trace import parts, resets
from ppodoctor.watching.env_values import address, as_array, observation_of, same

if TYPE_CHECKING:
    from ppodoctor.watching.env_stream import Stream

FINAL_OBSERVATION = ("final_obs", "final_observation", "terminal_observation")
"""Names in info: gymnasium from 1.0, gymnasium and gym before, old gym and Stable-Baselines3."""
TIME_LIMIT = ("TimeLimit.truncated", "time_outs")
_NAMES = 64
_LEARNED = 256
"""Ends after which info is not looked at any longer where it says nothing else."""


def single(stream: Stream, out: Any, trace: Sequence[Any]) -> None:
    """One environment reported an end in its last row."""
    stream.ends += 1
    info = out[-1] if len(out) > 3 and isinstance(out[-1], dict) else {}
    row = stream.calls - 1
    if stream.returns < 5 and (info.get(TIME_LIMIT[0]) or _cut_below(trace)):
        stream.timeouts.append((row, 0))
    if stream.plain and stream.ends > _LEARNED and not stream.success:
        return  # nothing else is said then that the rows do not show
    final = _final_of(info)
    if final is not None:
        _keep_final(stream, row, 0, final)
    _settle(stream, trace, final is not None)
    if final is None and stream.autoreset == "same_step":
        _final_below(stream, np.array([True]), out, trace)
    remember(stream, info)


def vector(stream: Stream, ended: Any, cut: Any, out: Any, trace: Sequence[Any]) -> bool:
    """At least one environment of a vector may have ended in its last row; says whether one did."""
    stream.ends += 1
    info = out[-1] if len(out) > 3 else {}
    if getattr(ended, "is_cuda", False):
        return _on_device(stream, info)
    plain = stream.plain or (stream.returns == 5 and stream.autoreset == "next_step")
    if plain and stream.ends > _LEARNED and not stream.success:
        _time_limits(stream, ended, info)
        return True  # nothing else is said then that the rows do not show
    over = as_array(ended).reshape(-1).astype(bool)
    if len(over) != stream.envs:
        raise ValueError(f"a step was for {len(over)} of its {stream.envs} environments; only steps of all are read")
    if cut is not None:
        over = over | as_array(cut).reshape(-1).astype(bool)
    if not over.any():
        return False
    _time_limits(stream, over, info)
    found = False
    if isinstance(info, dict):
        found = _in_dict(stream, over, info)
    elif isinstance(info, (list, tuple)):
        found = _in_list(stream, over, info)
    if found:
        stream.told_ends += 1
    else:
        stream.untold_ends += 1
    _settle(stream, trace, found)
    if not found and stream.autoreset == "same_step":
        _final_below(stream, over, out, trace)
    return True


def remember(stream: Stream, info: Dict[Any, Any]) -> None:
    """Names in info at an episode's end, and what success-like ones said."""
    for key, value in info.items():
        if not isinstance(key, str) or (key not in stream.info and len(stream.info) >= _NAMES):
            continue
        stream.info.setdefault(key, [])
        if "success" in key.lower() and isinstance(value, (bool, int, float, np.generic)):
            stream.info[key].append(float(value))
            stream.success = True


def _on_device(stream: Stream, info: Any) -> bool:
    """Flags on an accelerator are read at the cut: to read them here would make the script wait at every step."""
    times = info.get(TIME_LIMIT[1]) if isinstance(info, dict) else None
    if stream.returns < 5 and times is not None:
        stream.timeouts.append((stream.calls - 1, times.detach().clone()))
    return False


def _time_limits(stream: Stream, over: Any, info: Any) -> None:
    """Which of the environments that are over met a time limit, where step does not say it itself."""
    if stream.returns == 5:
        return
    row = stream.calls - 1
    if isinstance(info, dict):
        flags = next((info[key] for key in TIME_LIMIT if key in info), None)
        if flags is not None:
            stream.timeouts.append((row, np.array(as_array(flags)).reshape(-1).astype(bool)))
    elif isinstance(info, (list, tuple)):
        for i in np.flatnonzero(over):
            if i < len(info) and isinstance(info[i], dict) and info[i].get(TIME_LIMIT[0]):
                stream.timeouts.append((row, int(i)))


def _in_dict(stream: Stream, over: Any, info: Dict[str, Any]) -> bool:
    row = stream.calls - 1
    remember(stream, info)
    inner = info.get("final_info")
    if isinstance(inner, dict):
        remember(stream, {key: value for key, value in inner.items() if key[:1] != "_"})
    elif inner is not None:
        for i in np.flatnonzero(over):
            remember(stream, inner[i] if isinstance(inner[i], dict) else {})
    final = _final_of(info)
    if final is None:
        return False
    for i in np.flatnonzero(over):
        one = {k: v[i] for k, v in final.items() if k[:1] != "_"} if isinstance(final, dict) else final[i]
        if one is not None:
            _keep_final(stream, row, int(i), one)
    return True


def _in_list(stream: Stream, over: Any, infos: Any) -> bool:
    found = False
    for i in np.flatnonzero(over):
        info = infos[i] if i < len(infos) and isinstance(infos[i], dict) else {}
        final = _final_of(info)
        if final is not None:
            found = True
            _keep_final(stream, stream.calls - 1, int(i), final)
        remember(stream, info)
    return found


def _final_of(info: Dict[str, Any]) -> Any:
    return next((info[key] for key in FINAL_OBSERVATION if info.get(key) is not None), None)


def _keep_final(stream: Stream, row: int, env: int, observation: Any) -> None:
    if not stream.keep or stream.layout is None:
        return
    try:
        found = stream.layout.take_one(observation)
    except (ValueError, TypeError):
        return
    if found.shape == (stream.layout.width,):
        stream.finals.append((row, env, found))


def _settle(stream: Stream, trace: Sequence[Any], final: bool) -> None:
    """Learn from an end who resets: the environment in the same step, else in the next one, else the script."""
    # where environments are seen below and none was reset, the first end waits for what the next step does
    settled = final and (not stream.below.places or stream.ends > 1)
    if not stream.autoreset_known and (settled or resets(trace)):
        stream.autoreset, stream.autoreset_known = "same_step", stream.vector


def _final_below(stream: Stream, over: Any, out: Any, trace: Sequence[Any]) -> None:
    """No final observation in info: take what the reset object's own step returned, and its time limit.

    Only where what its reset returned is what the script received, so that nothing in between changed it.
    """
    below = parts(trace, stream.owner(), stream.envs)
    if len(below) != stream.envs or stream.layout is None:
        return
    received = stream.layout.matrix(stream.layout.take(out[0]))
    for i in np.flatnonzero(over):
        step, reset = below[i].step, below[i].reset
        if step is None or reset is None:
            continue
        if stream.returns < 5 and len(step) == 5 and bool(step[3]) and not bool(step[2]):
            stream.timeouts.append((stream.calls - 1, int(i)))
        first = observation_of(reset)
        if address(first) and address(first) == address(step[0]):
            continue  # the reset wrote over it
        if same(stream.layout.take_one(first), received[i]):
            _keep_final(stream, stream.calls - 1, int(i), step[0])


def _cut_below(trace: Sequence[Any]) -> bool:
    """A step below returned truncated and not terminated (a script that makes four values out of five)."""
    return any(
        args is not None and isinstance(out, tuple) and len(out) == 5 and bool(out[3]) and not bool(out[2])
        for _, _, args, out in trace
    )
