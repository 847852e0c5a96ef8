"""Small wordings that every report shares: numbers, durations, places, and text that came from a script."""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

LONGEST = 2000
"""Characters of one text from a script that are shown; a longer one ends in an ellipsis."""


def clean(text: object, limit: int = LONGEST) -> str:
    r"""Text from a script, safe to print: no escape sequences, no control characters, no marks that hide or reorder.

    What was removed stays visible as an escape (`\x1b`), so that nothing is hidden either. Newlines stay, tabs become
    spaces.
    """
    shown = str(text)[: limit + 1].replace("\r\n", "\n").expandtabs(4)
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() or c == "\n" else _visible(c) for c in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def one_line(text: object, limit: int = LONGEST) -> str:
    """The same on one line: every run of white space is one space."""
    return clean(" ".join(str(text).split()), limit)


def _visible(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def number(value: object, digits: int = 3) -> str:
    """A number for people: 0.0123, 24,576, 1.2e-07, not a number as "NaN"; anything else as its text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return one_line(value, 200)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return _decimal(float(value), digits)


def _decimal(value: float, digits: int) -> str:
    size = abs(value)
    if size >= 1e7 or size < 1e-4:
        return f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    if size >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def duration(seconds: float) -> str:
    """45 s, 3 min 5 s, 2 h 10 min."""
    whole = round(max(seconds, 0.0))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def share(value: float) -> str:
    """A probability as per cent, never rounded up to certainty: 99.7% stays below 100%."""
    per_cent = 100 * min(max(value, 0.0), 1.0)
    if 99 < per_cent < 100:
        return f"{math.floor(per_cent * 10) / 10:g}%"
    return f"{per_cent:.0f}%"


def count(n: int, one: str, many: str | None = None) -> str:
    """1 update, 1,024 updates."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def shown_path(file: str, base: str | None = None) -> str:
    """A source file's name as short as it stays plain: below `base` (the script's folder), else its last two parts."""
    path = PurePath(file)
    if not path.is_absolute():
        return one_line(file, 200)
    if base:
        relative = os.path.relpath(file, base)
        if not relative.startswith(".."):
            return one_line(relative, 200)
    return one_line("/".join(path.parts[-2:]) if len(path.parts) > 2 else path.name, 200)


def contained(text: str, longer: str) -> bool:
    """Does `longer` already say `text`, whatever the capitals and full stops?"""
    return text.rstrip(". ").lower() in longer.lower()


def sentence(text: str) -> str:
    """The text on one line as a sentence of its own: a capital first, a full stop last."""
    line = one_line(text)
    name = "_" in line.partition(" ")[0]  # a column's or a setting's name is written as it is
    return (line if name else line[:1].upper() + line[1:]) + (
        "" if line.endswith((".", "!", "?", "`")) or not line else "."
    )
