"""Places in source code, as shown: a short name for the file, the line's text, and the lines around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from ppodoctor.records import Site
from ppodoctor.reporting.words import clean, one_line, shown_path
from ppodoctor.run import Run

AROUND = 3
"""Lines of context on either side of a blamed line."""
LONGEST_LINE = 200


@dataclass(frozen=True)
class Place:
    """A file and line as shown and as Python named it."""

    shown: str
    """my_ppo.py:143"""
    file: str
    line: int
    function: str = ""
    code: str = ""


@dataclass(frozen=True)
class Excerpt:
    """Some lines of one file, the blamed ones among them."""

    shown: str
    first: int
    """Number of the first line."""
    lines: tuple[str, ...]
    blamed: tuple[int, ...]


def base_of(run: Run) -> str | None:
    """The folder of the script, below which files are named by their relative path."""
    main = next(iter(run.source), None)
    return str(PurePath(main).parent) if main is not None and PurePath(main).is_absolute() else None


def place_of(site: Site, source: Mapping[str, str], base: str | None) -> Place:
    """A site as it is shown; its code comes from the recorded source where the site did not bring it."""
    code = site.code or _line(source.get(site.file, ""), site.line).strip()
    shown = f"{shown_path(site.file, base)}:{site.line}"
    return Place(shown, clean(site.file), site.line, one_line(site.function), one_line(code, LONGEST_LINE))


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def excerpts_of(sites: Iterable[Site], source: Mapping[str, str], base: str | None) -> tuple[Excerpt, ...]:
    """The blamed lines in context, neighbouring ones of a file together; nothing for a file that was not recorded."""
    by_file: dict[str, set[int]] = {}
    for site in sites:
        by_file.setdefault(site.file, set()).add(site.line)
    found = []
    for file, blamed in by_file.items():
        lines = source.get(file, "").splitlines()
        inside = sorted(number for number in blamed if 1 <= number <= len(lines))
        found += [_excerpt(file, group, lines, base) for group in _together(inside)]
    return tuple(found)


def _together(numbers: list[int]) -> Iterable[list[int]]:
    """Groups whose contexts touch."""
    group: list[int] = []
    for number in numbers:
        if group and number - group[-1] > 2 * AROUND + 1:
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _excerpt(file: str, blamed: list[int], lines: list[str], base: str | None) -> Excerpt:
    first, last = max(1, blamed[0] - AROUND), min(len(lines), blamed[-1] + AROUND)
    kept = tuple(clean(line.rstrip("\n"), LONGEST_LINE) for line in lines[first - 1 : last])
    return Excerpt(shown_path(file, base), first, kept, tuple(blamed))
