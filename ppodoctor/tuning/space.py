"""Where a search looks: axes read from PPOConfig's own ranges, from a user's, or from both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ppodoctor.config import Choices, ConfigError, PPOConfig, Range, choices_of, search_space

SEARCHED = (
    "learning_rate",
    "clip_range",
    "entropy_coefficient",
    "epochs",
    "rollout_steps",
    "gamma",
    "gae_lambda",
    "max_grad_norm",
)
"""What is searched where nobody says what: settings that matter on most tasks and contradict no other."""
MOST_POINTS = 10_000
"""Settings of a grid at the most."""
DIGITS = 6
"""Significant digits of a suggested number: enough to search, and short enough to be typed again."""


@dataclass(frozen=True)
class Axis:
    """One setting and the values that it may take: a range, or choices."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    """Only whole numbers."""
    choices: tuple[Any, ...] = ()
    count: int = 0
    """Points of a grid; 0 takes as many as suit the number of axes."""

    def value(self, at: float) -> Any:
        """The value at a place from 0 to 1."""
        if self.choices:
            return self.choices[min(int(at * len(self.choices)), len(self.choices) - 1)]
        low, high = self._line(self.low), self._line(self.high)
        raw = low + at * (high - low)
        found = min(max(math.exp(raw) if self.log else raw, self.low), self.high)
        return round(found) if self.whole else float(f"{found:.{DIGITS}g}")

    def place(self, value: Any) -> float:
        """Where a value is, from 0 to 1; choices in the middle of their part. Values outside lie at the end."""
        if self.choices:
            plain = [_plain(choice) for choice in self.choices]
            index = plain.index(_plain(value)) if _plain(value) in plain else 0
            return (index + 0.5) / len(plain)
        low, high, at = (self._line(float(one)) for one in (self.low, self.high, value))
        return min(max((at - low) / (high - low), 0.0), 1.0) if high > low else 0.5

    def _line(self, value: float) -> float:
        """Where a number lies on the line along which the axis is even."""
        return math.log(max(value, 1e-300)) if self.log else value

    def points(self, axes: int) -> list[Any]:
        """The values of a grid of so many axes, ends included."""
        if self.choices:
            return list(self.choices)
        usual = {1: (16, 8), 2: (8, 4)}.get(axes, (4, 3))
        count = self.count or usual[0 if self.log else 1]
        if count == 1:
            return [self.value(0.5)]
        return list(dict.fromkeys(self.value(i / (count - 1)) for i in range(count)))


Space = tuple[Axis, ...]


def grid(space: Space) -> list[dict[str, Any]]:
    """Every combination of the axes' points, the last axis fastest. Raises ConfigError for too many."""
    points = [axis.points(len(space)) for axis in space]
    total = math.prod(len(one) for one in points)
    if total > MOST_POINTS:
        raise ConfigError(
            f"this grid has {total:,} settings, {MOST_POINTS:,} at the most were expected; give fewer points "
            "(name=low..high:4), fewer axes, or --method bayes"
        )
    return [dict(zip((axis.name for axis in space), row, strict=True)) for row in itertools.product(*points)]


def own_space(texts: Sequence[str]) -> Space:
    """Axes over settings of PPOConfig, each `name`, `name=low..high[:log][:count]` or `name=one,two,...`.

    Without any text: the settings that are usually searched, in their own ranges. Raises ConfigError.
    """
    return tuple(_own_axis(*_split(text)) for text in (texts or SEARCHED))


def flag_space(texts: Sequence[str]) -> Space:
    """Axes over a script's flags, written alike; there, a range has to be given. Raises ConfigError."""
    return tuple(_flag_axis(*_split(text)) for text in texts)


def _split(text: str) -> tuple[str, str]:
    name, _, values = text.partition("=")
    return name.strip().lstrip("-"), values.strip()


def _flag_axis(name: str, values: str) -> Axis:
    if not values:
        raise ConfigError(f"{name} has no values; give a range or words: {name}=1e-5..1e-3:log or {name}=one,two")
    if ".." not in values:
        return Axis(name, choices=_different(name, [_word(word) for word in values.split(",")]))
    return _range(name, values, log=False, whole=all(_is_whole(end) for end in _ends(values)))


def _own_axis(name: str, values: str) -> Axis:
    name = name.replace("-", "_")
    _known(name)
    default, own = getattr(PPOConfig(), name), search_space().get(name)
    if not values:
        if own is None:
            raise ConfigError(f"{name} has no range of its own; give one: {name}=low..high or {name}=one,two")
        if isinstance(own, Choices):
            return Axis(name, choices=own.values)
        return Axis(name, own.low, own.high, own.log, whole=isinstance(default, int))
    if ".." in values:
        if isinstance(default, bool | str | tuple):
            raise ConfigError(f"{name} is no number; give the values one by one: {name}=one,two")
        log = isinstance(own, Range) and own.log
        return _range(name, values, log=log, whole=isinstance(default, int))
    return Axis(name, choices=_different(name, [_typed(name, word, default) for word in values.split(",")]))


def _known(name: str) -> None:
    if not hasattr(PPOConfig, name):
        PPOConfig.from_dict({name: None})  # refuses it, with the nearest right one
    if name in ("seed", "total_steps", "device", "threads", "backend", "compile"):
        raise ConfigError(f"{name} is not searched: it says how a trial is run, not what is learned")


def _range(name: str, values: str, *, log: bool, whole: bool) -> Axis:
    span, *rest = values.split(":")
    low, high = (_number(name, end) for end in _ends(span))
    if not low < high:
        raise ConfigError(f"{name} goes from {low:g} to {high:g}; the lower end was expected first")
    axis = Axis(name, low, high, log, whole)
    for word in rest:
        if word in ("log", "linear"):
            axis = replace(axis, log=word == "log")
        elif word.isdigit() and int(word) > 0:
            axis = replace(axis, count=int(word))
        else:
            raise ConfigError(f"{name}={values} ends in {word!r}; log, linear or a number of points was expected")
    if axis.log and low <= 0:
        if "log" in rest:
            raise ConfigError(f"{name} begins at {low:g}; a logarithmic axis begins above 0")
        axis = replace(axis, log=False)
    return axis


def _ends(values: str) -> list[str]:
    return values.partition(":")[0].split("..", 1)


def _number(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ConfigError(f"{name} has an end {text!r}; a number was expected, as in {name}=1e-5..1e-3")
    return found


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("+-").isdigit()


def _word(text: str) -> Any:
    """A number where it is one, else the word."""
    if _is_whole(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text.strip()


def _typed(name: str, text: str, default: Any) -> Any:
    """A word as the setting's own type: true, 5, 0.1, relu, 64x64."""
    text = text.strip()
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(default, tuple):
            return tuple(int(part) for part in text.split("x"))
        if isinstance(default, int):
            return int(text)
        return float(text) if isinstance(default, float) else text
    except (KeyError, ValueError):
        kind = "true or false" if isinstance(default, bool) else "numbers such as 64x64" * isinstance(default, tuple)
        expected = kind or ", ".join(choices_of(name)) or f"a {type(default).__name__}"
        raise ConfigError(f"{name} has a value {text!r}; {expected} was expected") from None


def _different(name: str, values: list[Any]) -> tuple[Any, ...]:
    found = tuple(dict.fromkeys(values))
    if not found:
        raise ConfigError(f"{name} has no values; give some: {name}=one,two")
    return found


def check(space: Space, fixed: Mapping[str, Any]) -> None:
    """Refuse a space that holds settings which cannot be, before anything runs. Raises ConfigError.

    Settings contradict each other only through choices and whole numbers, so every combination of these is tried, with
    the ends of the ranges beside them.
    """
    names = [axis.name for axis in space]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise ConfigError(f"{twice} is given twice; one range was expected")
    for settings in itertools.islice(_corners(space), 20_000):
        try:
            PPOConfig.from_dict({**fixed, **settings})
        except ConfigError as error:
            shown = ", ".join(f"{name}={value}" for name, value in settings.items() if name in str(error))
            raise ConfigError(
                f"the search would meet {shown or 'settings'}, where {error}{_advice(settings)}"
            ) from None


def _corners(space: Space) -> Iterator[dict[str, Any]]:
    points = []
    for axis in space:
        if axis.choices:
            points.append(list(axis.choices))
        elif axis.whole and axis.high - axis.low <= 64:
            points.append(list(range(round(axis.low), round(axis.high) + 1)))
        else:
            points.append([axis.value(0.0), axis.value(1.0)])
    for row in itertools.product(*points):
        yield dict(zip((axis.name for axis in space), row, strict=True))


def _advice(settings: Mapping[str, Any]) -> str:
    if "minibatches" not in settings:
        return ""
    default = PPOConfig()
    envs, rollout = (settings.get(name, getattr(default, name)) for name in ("num_envs", "rollout_steps"))
    batch = int(envs) * int(rollout)
    fitting = [str(n) for n in range(1, max(batch // 2, 1) + 1) if batch % n == 0][:6]
    return f". All of these divide {batch}: minibatches={','.join(fitting)}"


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
